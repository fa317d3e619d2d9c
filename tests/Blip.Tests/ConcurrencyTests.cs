using System.Diagnostics;
using Xunit;

namespace Blip.Tests;

/// <summary>Many callers at once: right answers, one encoding an image, a clear refusal when full, and no memory left behind.</summary>
public class ConcurrencyTests
{
    private static readonly string[] Questions = ["how many dogs are in the picture?", "is it day or night?", "what is the weather like?", "where is this?", "is there a cat?"];

    [Fact]
    [Trait("Category", "Long")]
    public async Task Ask_64ThreadsAbout8Images_EveryAnswerIsTheOneGivenAloneAndEachImageIsLookedAtOnce()
    {
        BlipImage[] images = [.. Enumerable.Range(0, 8).Select(i => BlipImage.FromFile(TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{i:0000}.jpg"))))];
        await using BlipModel model = await BlipModel.LoadAsync();
        int[][][] alone = await Task.WhenAll(images.Select(async p =>
            await Task.WhenAll(Questions.Select(async q => (await model.AskAsync(p, q)).TokenIds.ToArray()))));

        await using BlipModel shared = await BlipModel.LoadAsync();
        long before = Settled();
        int encodings = 0, asked = 0;
        Stopwatch clock = Stopwatch.StartNew();
        TimeSpan length = TimeSpan.FromSeconds(TestScale.Of(60));
        await Task.WhenAll(Enumerable.Range(0, 64).Select(seed => Task.Run(async () =>
        {
            Random random = new(seed);
            while (clock.Elapsed < length)
            {
                int p = random.Next(images.Length), q = random.Next(Questions.Length);
                Answer answer = await shared.AskAsync(images[p], Questions[q]);
                Assert.Equal(alone[p][q], answer.TokenIds);
                Interlocked.Increment(ref asked);
                if (answer.Timing.Vision is not null)
                    Interlocked.Increment(ref encodings);
            }
        })));
        Assert.Equal(images.Length, encodings);
        Assert.True(asked > 64);
        Assert.InRange(Settled() - before, long.MinValue, 24 << 20);
    }

    [Fact]
    public async Task Ask_QueueFull_SaysBusyAndTheOthersAreAnswered()
    {
        await using BlipModel model = await BlipModel.LoadAsync(new BlipOptions { MaxRequests = 4 }, cancellationToken: TestContext.Current.CancellationToken);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Task<Answer>[] tasks = [.. Enumerable.Range(0, 12).Select(_ => model.AskAsync(image, Questions[0], cancellationToken: TestContext.Current.CancellationToken))];
        await Task.WhenAll(tasks).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(4, tasks.Count(t => t.IsCompletedSuccessfully));
        Assert.All(tasks.Where(t => t.IsFaulted), t => Assert.IsType<BlipBusyException>(t.Exception!.InnerException));
    }

    [Fact]
    public async Task Ask_HalfOfTheCallersGoAway_TheRestIsAnswered()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        List<Task<Answer>> kept = [];
        for (int i = 0; i < 40; i++)
        {
            BlipImage image = BlipImage.FromFile(TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{i % 10:0000}.jpg")));
            kept.Add(model.AskAsync(image, Questions[i % Questions.Length]));
            CancellationTokenSource gone = new(TimeSpan.FromMilliseconds(i));
            _ = model.AskAsync(image, Questions[0], cancellationToken: gone.Token).ContinueWith(t => { _ = t.Exception; gone.Dispose(); }, TaskScheduler.Default);
        }
        Answer[] answers = await Task.WhenAll(kept);
        for (int i = 0; i < answers.Length; i++)
        {
            BlipImage image = BlipImage.FromFile(TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{i % 10:0000}.jpg")));
            Assert.Equal((await model.AskAsync(image, Questions[i % Questions.Length])).TokenIds, answers[i].TokenIds);
        }
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
