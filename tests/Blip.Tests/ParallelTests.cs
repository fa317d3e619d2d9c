using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests;

/// <summary>Several runs side by side over the same weights.</summary>
public class ParallelTests
{
    private static readonly string[] Questions = ["how many dogs are in the picture?", "is it day or night?", "what is the weather like?"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BlipPrecision.Fp32, 1e-4)]
    // Which questions share a run is chance, and in int8 turns the rounding of an activation.
    [InlineData(BlipPrecision.Int8, 0.02)]
    public async Task AskEach_TwoRunsSideBySide_GivesTheAnswersOfOneAtATime(BlipPrecision precision, double near)
    {
        AskOutcome[] alone = await AskAllAsync(new BlipOptions { Precision = precision }, null);
        using ModelMeter meter = new();
        // The first image waits for the second, which starts only if it need not wait for the first.
        using Barrier both = new(2);
        int started = 0, met = 0;
        meter.ImageStarts = () =>
        {
            if (Interlocked.Increment(ref started) <= 2 && both.SignalAndWait(TimeSpan.FromSeconds(20), Stop))
                Interlocked.Increment(ref met);
        };
        AskOutcome[] together = await AskAllAsync(new BlipOptions { Precision = precision, Threads = 2, Parallel = 2 }, meter);

        Assert.Equal(2, met);
        Assert.Equal(alone.Length, together.Length);
        foreach ((AskOutcome expected, AskOutcome found) in alone.Zip(together))
        {
            foreach ((QuestionOutcome one, QuestionOutcome other) in expected.Answers.Zip(found.Answers))
            {
                Assert.Equal(one.Answer!.TokenIds, other.Answer!.TokenIds);
                Assert.Equal(one.Answer.Confidence, other.Answer.Confidence, near);
            }
        }
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(1, 2)]
    public async Task Load_MoreRunsThanThreads_IsRefused(int threads, int runs)
    {
        BlipOptions options = new() { Device = BlipDevice.Cpu, Threads = threads, Parallel = runs };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => BlipModel.LoadAsync(options, cancellationToken: Stop));
        Assert.StartsWith(
            $"Parallel is {runs}, but must be at most {threads}: each run needs a thread", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(2, 2, 1)]
    [InlineData(4, 16, 13)]
    [InlineData(16, 16, 1)]
    public void PoolThreads_OfAllRunsTogether_AreTheThreads(int runs, int threads, int pool)
    {
        BlipOptions options = new() { Threads = threads, Parallel = runs };
        Assert.Equal((pool, runs), (options.PoolThreads, options.Runs));
        // The pool counts the thread of one run.
        Assert.Equal(threads, runs + options.PoolThreads - 1);
    }

    private static async Task<AskOutcome[]> AskAllAsync(BlipOptions options, ModelMeter? meter)
    {
        options.Device = BlipDevice.Cpu;
        await using BlipModel model = await BlipModel.LoadAsync(options, new BlipServices { MeterFactory = meter }, Stop);
        IAsyncEnumerable<AskItem> items = Enumerable.Range(0, 8)
            .Select(number => TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{number:0000}.jpg")))
            .Select(path => AskItem.FromFile(path, Questions)).ToAsyncEnumerable();
        return await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop);
    }
}
