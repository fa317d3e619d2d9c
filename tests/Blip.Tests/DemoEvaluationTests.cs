using System.Text.Json;
using Xunit;

namespace Blip.Tests;

/// <summary>
/// The demo model with images that are not in its training data. It is as accurate as its model card says, and its answers are those of
/// the transformers library.
/// </summary>
[Trait("Category", "Long")]
public sealed class DemoEvaluationTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private const int All = 2400;

    [Fact]
    public Task EvaluationSet_Fp32_EqualsTransformersAndItsAccuracy() =>
        EvaluateAsync(demo.Model, leastEqual: 0.999, accuracy: 90.0, within: 0.1);

    [Fact]
    public async Task EvaluationSet_Int8_DiffersLittle()
    {
        await using BlipModel int8 = await BlipModel.LoadAsync(new BlipOptions { Precision = BlipPrecision.Int8 });
        Assert.Equal("int8", int8.Info.Precision);
        await EvaluateAsync(int8, leastEqual: 0.99, accuracy: 90.0, within: 0.3);
    }

    /// <summary>Runs the fp16 graphs of a GPU on the CPU.</summary>
    [Fact]
    public void EvaluationSet_Fp16Graphs_DifferLittle()
    {
        using DemoNetwork fp16 = new(BlipPrecision.Fp16);
        int[][] answers = [.. fp16.Questions(TestScale.Of(All)).Select(question => fp16.Ask(question)[0].Tokens.ToArray())];
        Compare("fp16", [.. answers.Select(ids => (ids, fp16.Tokenizer.Decode(ids)))], leastEqual: 0.995, accuracy: 90.0, within: 0.1);
    }

    private static async Task EvaluateAsync(BlipModel model, double leastEqual, double accuracy, double within)
    {
        IEnumerable<AskItem> items = Rows().Select(r => AskItem.FromFile(
            TestPaths.Golden("demo", r.Question.GetProperty("image").GetString()!), r.Question.GetProperty("question").GetString()!));
        List<Answer> answers = [];
        await foreach (AskOutcome outcome in model.AskEachAsync(items, cancellationToken: TestContext.Current.CancellationToken))
            answers.Add(outcome.Answers[0].Answer!);
        (int[], string)[] found = [.. answers.Select(answer => (answer.TokenIds.ToArray(), answer.Text))];
        Compare(model.Info.Precision, found, leastEqual, accuracy, within);
    }

    private static void Compare(
        string precision, (int[] TokenIds, string Text)[] answers, double leastEqual, double accuracy, double within)
    {
        (JsonElement Question, JsonElement Prediction)[] rows = Rows();
        int equal = 0, right = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            IEnumerable<int> expected = rows[i].Prediction.GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32());
            equal += expected.SequenceEqual(answers[i].TokenIds) ? 1 : 0;
            right += rows[i].Question.GetProperty("answer").GetString() == answers[i].Text ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"{precision}: {equal} of {rows.Length} answers equal, {right} right");
        Assert.True(equal >= leastEqual * rows.Length, $"{equal} of {rows.Length} answers equal those of transformers");
        if (rows.Length == All)
            Assert.Equal(accuracy, 100.0 * right / rows.Length, within);
    }

    private static (JsonElement Question, JsonElement Prediction)[] Rows() =>
        [.. DemoNetwork.Lines("questions.jsonl").Zip(DemoNetwork.Lines("predictions.jsonl")).Take(TestScale.Of(All))];
}
