using System.Text.Json;
using Xunit;

namespace Blip.Tests;

/// <summary>The demo model on pictures it never saw: as accurate as its card says, with the answers that transformers gives.</summary>
[Trait("Category", "Long")]
public sealed class DemoEvaluationTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    [Fact]
    public async Task EvaluationSet_Fp32_EqualsTransformersAndItsAccuracy()
    {
        (JsonElement Question, JsonElement Prediction)[] rows = [.. Lines("questions.jsonl").Zip(Lines("predictions.jsonl")).Take(TestScale.Of(2400))];
        (Picture, string)[] pairs = [.. rows.Select(r => (Picture.FromFile(TestPaths.Golden("demo", r.Question.GetProperty("image").GetString()!)), r.Question.GetProperty("question").GetString()!))];
        Answer[] answers = await demo.Model.AskAsync(pairs, cancellationToken: TestContext.Current.CancellationToken);

        int equal = 0, right = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            equal += rows[i].Prediction.GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32()).SequenceEqual(answers[i].TokenIds) ? 1 : 0;
            right += rows[i].Question.GetProperty("answer").GetString() == answers[i].Text ? 1 : 0;
        }
        Assert.True(equal >= 0.999 * rows.Length, $"{equal} of {rows.Length} answers equal those of transformers");
        if (rows.Length == 2400)
            Assert.Equal(89.8, 100.0 * right / rows.Length, 0.1);
    }

    private static IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(TestPaths.Golden("demo", file)).Select(line => JsonDocument.Parse(line).RootElement.Clone());
}
