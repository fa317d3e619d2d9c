using System.Text.Json;
using Xunit;

namespace Blip.Tests;

/// <summary>Where questions look: at the things that they ask about.</summary>
public sealed class EvidenceTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private const string Dogs = "how many dogs are in the picture?";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>For 1,368 of the evaluation set's 1,602 such questions (85.4 %) the hottest part is in a box asked about.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Evidence_OfQuestionsAboutThings_IsHottestOnThem()
    {
        JsonElement boxes = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("demo", "boxes.json"))).RootElement;
        JsonElement[] questions =
        [
            .. DemoNetwork.Lines("questions.jsonl").Where(question => question.GetProperty("about").GetArrayLength() > 0
                && question.GetProperty("answer").GetString() is not ("no" or "0")),
        ];
        // Spread over the set, so that few are like all.
        int count = Math.Max(200, TestScale.Of(questions.Length)), step = questions.Length / count;
        questions = [.. questions.Where((_, i) => i % step == 0).Take(count)];
        AskEachOptions options = new() { Ask = new AskOptions { Explain = true } };
        IEnumerable<AskItem> items = questions.Select(question => AskItem.FromFile(
            TestPaths.Golden("demo", question.GetProperty("image").GetString()!), question.GetProperty("question").GetString()!));
        int hits = 0, asked = 0;
        await foreach (AskOutcome outcome in demo.Model.AskEachAsync(items, options, Stop))
        {
            JsonElement question = questions[asked++];
            JsonElement things = boxes.GetProperty(Path.GetFileName(question.GetProperty("image").GetString()!));
            (double x, double y) = Hottest(outcome.Answers[0].Answer!.Evidence!);
            hits += question.GetProperty("about").EnumerateArray()
                .Any(about => IsIn(things[about.GetInt32()].GetProperty("box"), x, y)) ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"{hits} of {asked} hottest parts are in a box");
        Assert.True(hits >= 0.85 * asked, $"{hits} of {asked}");
    }

    [Fact]
    public async Task Evidence_IsAGridOfTheImage_OnlyWhereItIsAskedFor()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        AskOptions explain = new() { Explain = true };
        Answer plain = await demo.Model.AskAsync(image, Dogs, cancellationToken: Stop);
        Answer answer = await demo.Model.AskAsync(image, Dogs, explain, Stop);
        Assert.Null(plain.Evidence);
        Assert.Equal(plain.TokenIds, answer.TokenIds);
        Evidence evidence = answer.Evidence!;
        Assert.Equal((12, 12, 144), (evidence.Rows, evidence.Columns, evidence.Values.Count));
        Assert.Equal((0, 1), (evidence.Values.Min(), evidence.Values.Max()));

        // Alone, among others, by beams and by choices it is the same.
        Answer[] some = await demo.Model.AskAsync(image, ["is there a tree?", Dogs, "is it day or night?"], explain, Stop);
        Answer beams = await demo.Model.AskAsync(image, Dogs, explain with { Beams = 3 }, Stop);
        Answer ranked = await demo.Model.AskAsync(image, Dogs, explain with { Choices = ["1", "2"] }, Stop);
        foreach (Answer other in (Answer[])[some[1], beams, ranked])
            Assert.All(evidence.Values.Zip(other.Evidence!.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
        Assert.NotEqual(Hottest(evidence), Hottest(some[0].Evidence!));
        // The question that others are compared with has its own attention.
        Answer whole = await demo.Model.AskAsync(image, "what is in the picture?", explain, Stop);
        Assert.Equal(1, whole.Evidence!.Values.Max());
    }

    [Fact]
    public async Task Evidence_InInt8_IsNearToThatOfFp32()
    {
        await using BlipModel int8 = await BlipModel.LoadAsync(new BlipOptions { Precision = BlipPrecision.Int8 }, cancellationToken: Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Answer exact = await demo.Model.AskAsync(image, Dogs, new AskOptions { Explain = true }, Stop);
        Answer rounded = await int8.AskAsync(image, Dogs, new AskOptions { Explain = true }, Stop);
        Assert.True(exact.Evidence!.Values.Zip(rounded.Evidence!.Values).Average(pair => Math.Abs(pair.First - pair.Second)) < 0.05);
    }

    private static (double X, double Y) Hottest(Evidence evidence)
    {
        int place = evidence.Values.ToList().IndexOf(evidence.Values.Max());
        return (((place % evidence.Columns) + 0.5) / evidence.Columns, ((place / evidence.Columns) + 0.5) / evidence.Rows);
    }

    private static bool IsIn(JsonElement box, double x, double y) =>
        x >= box[0].GetDouble() && y >= box[1].GetDouble() && x <= box[2].GetDouble() && y <= box[3].GetDouble();
}
