using System.Text.Json;
using Blip.Checkpoints;
using Blip.Networks;
using Xunit;

namespace Blip.Tests.Captioning;

/// <summary>The demo captioner: its samples, its published figures, and what callers meet.</summary>
public sealed class DemoCaptionTests : IAsyncLifetime
{
    private const int All = 300;
    private static readonly CaptionOptions Long = new() { MaxNewTokens = 40 };

    private BlipCaptioner _model = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _model = await BlipCaptioner.LoadAsync();

    public ValueTask DisposeAsync() => _model.DisposeAsync();

    [Fact]
    public async Task Caption_Samples_AreTrue()
    {
        using JsonDocument samples = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("demo-caption", "samples.json")));
        foreach (JsonElement sample in samples.RootElement.EnumerateArray())
        {
            string name = Path.GetFileName(sample.GetProperty("image").GetString()!);
            string path = File.Exists(TestPaths.Sample(name)) ? TestPaths.Sample(name) : TestPaths.Golden("demo", "pictures", name);
            Caption caption = await _model.CaptionAsync(BlipImage.FromFile(path), null, Long, Stop);
            Assert.Equal(sample.GetProperty("caption").GetString(), caption.Text);
            Assert.True(caption.IsComplete);
        }
    }

    /// <summary>The figures of models/demo-caption/README.md.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public Task EvaluationSet_Fp32_EqualsTransformersAndItsFigures() => EvaluateAsync(_model, leastEqual: 0.99, within: 0.5);

    [Fact]
    [Trait("Category", "Long")]
    public async Task EvaluationSet_Int8_DiffersLittle()
    {
        await using BlipCaptioner int8 = await BlipCaptioner.LoadAsync(new BlipOptions { Precision = BlipPrecision.Int8 });
        Assert.Equal("int8", int8.Info.Precision);
        // Measured: 286 of 300 equal, and 59.0 % right.
        await EvaluateAsync(int8, leastEqual: 0.93, within: 1);
    }

    [Fact]
    public async Task Caption_TheSameImageAgain_IsEncodedOnce()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("beach.jpg"));
        Caption first = await _model.CaptionAsync(image, cancellationToken: Stop);
        Caption again = await _model.CaptionAsync(image, "a white", cancellationToken: Stop);
        Assert.NotNull(first.Timing.Vision);
        Assert.Null(again.Timing.Vision);
        Assert.StartsWith("a white boat", again.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caption_QueueFull_SaysBusyAndTheOthersAreCaptioned()
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(new BlipOptions { MaxRequests = 2 }, cancellationToken: Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("snow.jpg"));
        Task<Caption>[] tasks = [.. Enumerable.Range(0, 6).Select(_ => model.CaptionAsync(image, cancellationToken: Stop))];
        await Task.WhenAll(tasks).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(2, tasks.Count(task => task.IsCompletedSuccessfully));
        Assert.All(tasks.Where(task => task.IsFaulted), task => Assert.IsType<BlipBusyException>(task.Exception!.InnerException));
    }

    [Fact]
    public async Task Caption_CancelledOrDisposed_EndsWithThat()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("snow.jpg"));
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _model.CaptionAsync(image, cancellationToken: cancelled.Token));
        await _model.DisposeAsync();
        ObjectDisposedException error = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => _model.CaptionAsync(image, cancellationToken: Stop));
        Assert.Equal("Blip.BlipCaptioner", error.ObjectName);
    }

    /// <summary>The precision that is chosen where int8 deviates too much is judged by captions.</summary>
    [Fact]
    public void PrecisionProbe_DemoModel_DeviatesLittle()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.Model("demo-caption"));
        using CaptioningNetwork int8 = Create(BlipPrecision.Int8);
        double deviation = PrecisionProbe.Deviation(
            checkpoint, int8, () => Create(BlipPrecision.Fp32), Blip.Text.BertTokenizer.Load(checkpoint.Directory), Stop);
        Assert.InRange(deviation, 1e-5, PrecisionProbe.Acceptable);

        CaptioningNetwork Create(BlipPrecision precision)
        {
            CaptioningNetwork network = new(DemoNetwork.Sessions(checkpoint, precision));
            network.Prepare();
            return network;
        }
    }

    private static async Task EvaluateAsync(BlipCaptioner model, double leastEqual, double within)
    {
        JsonElement[] rows =
        [
            .. File.ReadLines(TestPaths.Golden("demo-caption", "captions.jsonl")).Take(TestScale.Of(All))
                .Select(line => JsonDocument.Parse(line).RootElement.Clone()),
        ];
        int equal = 0, right = 0;
        foreach (JsonElement[] four in rows.Chunk(4))
        {
            Caption[] captions = await Task.WhenAll(four.Select(row => model.CaptionAsync(
                BlipImage.FromFile(TestPaths.Golden("demo", row.GetProperty("image").GetString()!)), null, Long, Stop)));
            for (int i = 0; i < four.Length; i++)
            {
                IEnumerable<int> expected = four[i].GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32());
                equal += expected.SequenceEqual(captions[i].TokenIds) ? 1 : 0;
                right += four[i].GetProperty("truth").GetString() == captions[i].Text ? 1 : 0;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{model.Info.Precision}: {equal} of {rows.Length} captions equal, {right} right");
        Assert.True(equal >= leastEqual * rows.Length, $"{equal} of {rows.Length} captions equal those of transformers");
        if (rows.Length == All)
            Assert.Equal(58.3, 100.0 * right / rows.Length, within);
    }
}
