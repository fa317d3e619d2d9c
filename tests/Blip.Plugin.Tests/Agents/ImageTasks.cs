using System.Text.Json;
using Blip.Tests;

namespace Blip.Plugin.Tests.Agents;

/// <summary>Questions of the demo model's evaluation set, and the answers that the model gives.</summary>
internal static class ImageTasks
{
    public sealed record ImageTask(string Path, string Question, string Answer);

    public static IReadOnlyList<ImageTask> Take(int count)
    {
        // Every fortieth, so that they are about many images.
        IEnumerable<(JsonElement Question, JsonElement Prediction)> rows =
            Lines("questions.jsonl").Zip(Lines("predictions.jsonl")).Where((_, i) => i % 40 == 0).Take(count);
        return [.. rows.Select(row => new ImageTask(
            TestPaths.Golden("demo", Text(row.Question, "image")), Text(row.Question, "question"), Text(row.Prediction, "answer")))];
    }

    private static IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(TestPaths.Golden("demo", file)).Select(line => JsonDocument.Parse(line).RootElement.Clone());

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;
}
