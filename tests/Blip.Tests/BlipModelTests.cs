using System.Text.Json;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests;

/// <summary>The library's public interface, with the demo model and the sample images.</summary>
public sealed class BlipModelTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Samples
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Sample("samples.json")));
            TheoryData<string, string, string> data = [];
            foreach (JsonProperty image in document.RootElement.EnumerateObject())
            {
                foreach (JsonElement pair in image.Value.EnumerateArray())
                    data.Add(image.Name, pair.GetProperty("question").GetString()!, pair.GetProperty("answer").GetString()!);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Ask_Sample_GivesTheTrueAnswer(string image, string question, string answer)
    {
        Answer given = await demo.Model.AskAsync(BlipImage.FromFile(TestPaths.Sample(image)), question, cancellationToken: Stop);
        Assert.Equal(answer, given.Text);
        Assert.Equal(answer, given.ToString());
        Assert.Equal(new BlipModelInfo("demo", "cpu", "fp32"), given.Model);
        Assert.True(given.IsComplete);
        // Calibrated with a temperature below 1, which makes the likeliest likelier.
        Assert.InRange(given.Confidence, Math.Exp(given.TokenLogProbabilities.Sum(p => (double)p)), 1);
        Assert.Equal(GreedyFirst(given), given.Alternatives[0].Probability, 1e-4);
        Assert.Equal(given.Alternatives.OrderByDescending(a => a.Probability), given.Alternatives);
    }

    /// <summary>The end token is among the five likeliest here, and is no answer.</summary>
    [Fact]
    public async Task Ask_SpecialTokenIsLikely_IsNoAlternative()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Golden("demo", "pictures", "0011.jpg"));
        AskOptions options = new() { TopLogProbabilities = 5 };
        Answer answer = await demo.Model.AskAsync(image, "do you see a butterfly?", options, Stop);
        Assert.Contains("[SEP]", answer.TopLogProbabilities[0].Select(one => demo.Model.TokenToText(one.TokenId)));
        Assert.Equal(5, answer.Alternatives.Count);
        Assert.Equal("yes", answer.Alternatives[0].Text);
        Assert.DoesNotContain(answer.Alternatives, other => other.Text.StartsWith('[') || other.Text.Length == 0);
    }

    [Fact]
    public async Task Ask_SameImageTwice_EncodesOnce()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("beach.jpg"));
        await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        Answer first = await model.AskAsync(image, "is it day or night?", cancellationToken: Stop);
        Answer second = await model.AskAsync(image, "what color is the cat?", cancellationToken: Stop);
        Assert.NotNull(first.Timing.Vision);
        Assert.Null(second.Timing.Vision);
        Assert.True(first.Timing.Total >= first.Timing.Vision + first.Timing.Search);
    }

    [Fact]
    public async Task Encode_ThenAskOften_GivesTheAnswersOfAsk()
    {
        using EncodedImage encoded = await demo.Model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("room.jpg")), Stop);
        string[] three = ["how many cups are there?", "how many red cups are there?", "is this inside or outside?"];
        string[] questions = [.. Enumerable.Repeat(three, 6).SelectMany(q => q)];
        Answer[] many = await demo.Model.AskAsync(encoded, questions, cancellationToken: Stop);
        Assert.Equal(Enumerable.Repeat<string[]>(["3", "2", "inside"], 6).SelectMany(a => a), many.Select(a => a.Text));
        Assert.Equal("3", (await demo.Model.AskAsync(encoded, questions[0], cancellationToken: Stop)).Text);
        encoded.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => demo.Model.AskAsync(encoded, questions[0], cancellationToken: Stop));
    }

    [Fact]
    public async Task Ask_ImageEncodedByAnotherModel_IsRefused()
    {
        await using BlipModel other = await BlipModel.LoadAsync(cancellationToken: Stop);
        using EncodedImage encoded = await other.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("room.jpg")), Stop);
        await Assert.ThrowsAsync<ArgumentException>(() => demo.Model.AskAsync(encoded, "what is this?", cancellationToken: Stop));
    }

    [Theory]
    [InlineData("", BlipErrorCode.QuestionEmpty)]
    [InlineData("  \t\n", BlipErrorCode.QuestionEmpty)]
    [InlineData("\u0000\u200d", BlipErrorCode.QuestionEmpty)]
    public async Task Ask_BlankQuestion_IsRefused(string question, string code)
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("room.jpg"));
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => demo.Model.AskAsync(image, question, cancellationToken: Stop));
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public async Task Ask_QuestionTooLong_IsRefusedOrCutAsTheOptionsSay()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        string question = string.Concat(Enumerable.Repeat("how many dogs are in the picture? ", 100));
        BlipException error = await Assert.ThrowsAsync<BlipException>(() => demo.Model.AskAsync(image, question, cancellationToken: Stop));
        Assert.Equal(BlipErrorCode.QuestionTooLong, error.Code);
        Answer cut = await demo.Model.AskAsync(image, question, new AskOptions { TruncateQuestion = true }, Stop);
        Assert.Equal(demo.Model.Config.Text.MaxPositionEmbeddings, cut.QuestionTokenCount);
    }

    [Fact]
    public async Task Ask_AsAValue_RanksValues_AndReadsOnlyWhatASearchSays()
    {
        BlipImage dogs = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Assert.Equal(2, (await demo.Model.AskAsync<int>(dogs, "how many dogs are in the picture?", cancellationToken: Stop)).Value);
        Assert.False((await demo.Model.AskAsync<bool>(dogs, "is there a cat?", cancellationToken: Stop)).Value);
        TypedAnswer<Weather> weather = await demo.Model.AskAsync<Weather>(dogs, "what is the weather like?", cancellationToken: Stop);
        Assert.Equal(Weather.Sunny, weather.Value);
        // Values are ranked. Only an answer that was searched for can be none.
        Assert.True((await demo.Model.AskAsync<int>(dogs, "what is the weather like?", cancellationToken: Stop)).HasValue);
        TypedAnswer<int> none = await demo.Model.AskAsync<int>(dogs, "what is the weather like?", new AskOptions { Beams = 2 }, Stop);
        Assert.False(none.HasValue);
        Assert.Equal("sunny", none.Answer.Text);
        await Assert.ThrowsAsync<NotSupportedException>(() => demo.Model.AskAsync<double>(dogs, "how many?", cancellationToken: Stop));
    }

    [Fact]
    public async Task Load_NoSuchModel_SaysWhatToGive()
    {
        string folder = Path.Combine(Path.GetTempPath(), "nothing here");
        BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(() => BlipModel.LoadAsync(folder, Stop));
        Assert.Equal(BlipErrorCode.ModelNotFound, error.Code);
        Assert.Contains("nothing here", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispose_WhileAnswering_WaitsAndRefusesTheNext()
    {
        BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("snow.jpg"));
        Task<Answer>[] started = [.. Enumerable.Range(0, 8).Select(_ => model.AskAsync(image, "is it snowing?", cancellationToken: Stop))];
        await model.DisposeAsync();
        Assert.All(started, task => Assert.True(task.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => model.AskAsync(image, "is it snowing?", cancellationToken: Stop));
        await model.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_TwiceAtOnce_BothWait()
    {
        using ModelMeter meter = new();
        BlipModel model = await BlipModel.LoadAsync(new BlipOptions(), new BlipServices { MeterFactory = meter }, Stop);
        Task<Answer> question;
        Task first, second;
        using (HeldRun held = new(meter))
        {
            question = model.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), "is there a cat?", cancellationToken: Stop);
            await held.Started;
            (first, second) = (model.DisposeAsync().AsTask(), model.DisposeAsync().AsTask());
            Assert.False(second.IsCompleted);
        }
        await Task.WhenAll(first, second);
        Assert.True(question.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Ask_Cancelled_ThrowsAndTheModelStillAnswers()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("street.jpg"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => demo.Model.AskAsync(image, "where is this?", cancellationToken: source.Token));
        Assert.Equal("street", (await demo.Model.AskAsync(image, "where is this?", cancellationToken: Stop)).Text);
    }

    private static double GreedyFirst(Answer answer) => Math.Exp(answer.TokenLogProbabilities[0]);

    private enum Weather
    {
        Rainy,
        Sunny,
    }
}
