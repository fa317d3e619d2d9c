using System.Globalization;
using Blip.Tests.Telemetry;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Callers;

/// <summary>Options that no answer can meet are refused before anything waits, and cost no other caller an answer.</summary>
public sealed class AskOptionsTests : IAsyncLifetime
{
    private const string Question = "how many dogs are in the picture?", Answer = "2";

    private readonly ModelMeter _meter = new();
    private readonly BlipImage _image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
    private BlipModel _model = null!;
    private EncodedImage _encoded = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _model = await BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { MeterFactory = _meter });
        _encoded = await _model.EncodeAsync(_image);
    }

    public async ValueTask DisposeAsync()
    {
        _encoded.Dispose();
        await _model.DisposeAsync();
        _meter.Dispose();
    }

    [Fact]
    public async Task Ask_MoreTokensThanTheDecoderHas_IsRefused_AndTheOthersAreAnswered()
    {
        Task<Answer>[] before = AskSixTimes();
        Task<Answer> tooLong = AskAsync(200, 200);
        Task<Answer>[] after = AskSixTimes();
        BlipException error = await Assert.ThrowsAsync<BlipException>(() => tooLong);
        Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
        Assert.Contains("128", error.Message, StringComparison.Ordinal);
        Assert.All(await Task.WhenAll([.. before, .. after]), answer => Assert.Equal(Answer, answer.Text));
    }

    [Fact]
    public async Task Ask_LimitBeyondTheDecoder_EndsWhereTheDecoderEnds_BesideOthers()
    {
        Task<Answer>[] others = AskSixTimes();
        Answer few = await AskAsync(0, 200), all = await AskAsync(128, 200);
        Assert.Equal((Answer, true), (few.Text, few.IsComplete));
        Assert.Equal((128, false), (all.TokenLogProbabilities.Count, all.IsComplete));
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal(Answer, answer.Text));
    }

    [Fact]
    public async Task Ask_NegativeLimit_IsToldInTheSameWordsInEveryCulture()
    {
        foreach (CultureInfo culture in TestCultures.All)
        {
            string message = await TestCultures.RunAsync(
                culture, async () => (await Assert.ThrowsAsync<BlipException>(() => AskAsync(-1, 20))).Message);
            Assert.Equal("MinNewTokens is -1; it must be at least 0.", message);
        }
    }

    [Theory]
    [InlineData(129, 129, SpecialTokenMode.Plain)]
    [InlineData(21, 20, SpecialTokenMode.Plain)]
    [InlineData(-1, 20, SpecialTokenMode.Plain)]
    [InlineData(0, 0, SpecialTokenMode.Plain)]
    [InlineData(0, -1, SpecialTokenMode.Plain)]
    [InlineData(0, 20, (SpecialTokenMode)2)]
    [InlineData(0, 20, (SpecialTokenMode)(-1))]
    [InlineData(0, 20, SpecialTokenMode.Plain, 21)]
    [InlineData(0, 20, SpecialTokenMode.Plain, -1)]
    public async Task Ask_OptionsThatCannotBeMet_AreRefusedBeforeAnythingWaits(int least, int most, SpecialTokenMode special, int top = 0)
    {
        AskOptions options = new() { MinNewTokens = least, MaxNewTokens = most, SpecialTokens = special, TopLogProbabilities = top };
        (int requests, int runs) = (_meter.Values(ModelMeter.QueueLength).Length, _meter.Values(ModelMeter.BatchSize).Length);
        AskItem[] items = [new(_image, [Question])];
        Func<Task>[] calls =
        [
            () => _model.AskAsync(_image, Question, options, Stop),
            () => _model.AskAsync(_encoded, [Question, Question], options, Stop),
            () => _model.AskEachAsync(items, new AskEachOptions { Ask = options }, Stop).ToArrayAsync(Stop).AsTask(),
        ];
        foreach (Func<Task> call in calls)
            Assert.Equal(BlipErrorCode.InvalidRequest, (await Assert.ThrowsAsync<BlipException>(call)).Code);
        Assert.Equal(requests, _meter.Values(ModelMeter.QueueLength).Length);
        Assert.Equal(runs, _meter.Values(ModelMeter.BatchSize).Length);
    }

    private Task<Answer>[] AskSixTimes() =>
        [.. Enumerable.Range(0, 6).Select(_ => _model.AskAsync(_encoded, Question, cancellationToken: Stop))];

    private Task<Answer> AskAsync(int least, int most) =>
        _model.AskAsync(_encoded, Question, new AskOptions { MinNewTokens = least, MaxNewTokens = most }, Stop);
}
