using System.Text.Json;
using Blip.Tests;

namespace Blip.Plugin.Tests.Agents;

/// <summary>Questions of the demo model's evaluation set that it is known to answer, and what it answers.</summary>
internal static class ImageTasks
{
    public sealed record ImageTask(string Path, string Question, string Answer);

    public static IReadOnlyList<ImageTask> Take(int count)
    {
        IEnumerable<JsonElement> Lines(string file) => File.ReadLines(TestPaths.Golden("demo", file)).Select(l => JsonDocument.Parse(l).RootElement.Clone());
        // Every fortieth, so that they are about many images.
        return
        [
            .. Lines("questions.jsonl").Zip(Lines("predictions.jsonl")).Where((_, i) => i % 40 == 0).Take(count).Select(row => new ImageTask(
                TestPaths.Golden("demo", row.First.GetProperty("image").GetString()!), row.First.GetProperty("question").GetString()!, row.Second.GetProperty("answer").GetString()!)),
        ];
    }
}
