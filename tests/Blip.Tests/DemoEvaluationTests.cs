using System.Text.Json;
using Xunit;

namespace Blip.Tests;

/// <summary>The demo model on pictures it never saw: as accurate as its card says, with the answers that transformers gives.</summary>
[Trait("Category", "Long")]
public sealed class DemoEvaluationTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    [Fact]
    public Task EvaluationSet_Fp32_EqualsTransformersAndItsAccuracy() => EvaluateAsync(demo.Model, leastEqual: 0.999, accuracy: 89.8, within: 0.1);

    [Fact]
    public async Task EvaluationSet_Int8_DiffersLittle()
    {
        await using BlipModel int8 = await BlipModel.LoadAsync(new BlipOptions { Precision = BlipPrecision.Int8 });
        Assert.Equal("int8", int8.Info.Precision);
        await EvaluateAsync(int8, leastEqual: 0.99, accuracy: 89.8, within: 0.3);
    }

    private static async Task EvaluateAsync(BlipModel model, double leastEqual, double accuracy, double within)
    {
        (JsonElement Question, JsonElement Prediction)[] rows = [.. Lines("questions.jsonl").Zip(Lines("predictions.jsonl")).Take(TestScale.Of(2400))];
        (Picture, string)[] pairs = [.. rows.Select(r => (Picture.FromFile(TestPaths.Golden("demo", r.Question.GetProperty("image").GetString()!)), r.Question.GetProperty("question").GetString()!))];
        Answer[] answers = await model.AskAsync(pairs, cancellationToken: TestContext.Current.CancellationToken);

        int equal = 0, right = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            equal += rows[i].Prediction.GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32()).SequenceEqual(answers[i].TokenIds) ? 1 : 0;
            right += rows[i].Question.GetProperty("answer").GetString() == answers[i].Text ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"{model.Info.Precision}: {equal} of {rows.Length} answers equal, {right} right");
        Assert.True(equal >= leastEqual * rows.Length, $"{equal} of {rows.Length} answers equal those of transformers");
        if (rows.Length == 2400)
            Assert.Equal(accuracy, 100.0 * right / rows.Length, within);
    }

    private static IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(TestPaths.Golden("demo", file)).Select(line => JsonDocument.Parse(line).RootElement.Clone());
}
