using System.Diagnostics;
using Xunit;

namespace Blip.Tests;

/// <summary>
/// Many callers at the same time: the answers are right, each image is encoded once, a full queue is a clear error, and no memory leaks.
/// </summary>
public class ConcurrencyTests
{
    private static readonly string[] Questions =
    [
        "how many dogs are in the picture?", "is it day or night?", "what is the weather like?", "where is this?", "is there a cat?",
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Ask_64ThreadsAbout8Images_GivesTheSameAnswersAsOneThreadAndEncodesEachImageOnce()
    {
        BlipImage[] images = [.. Enumerable.Range(0, 8).Select(DemoImage)];
        await using BlipModel model = await BlipModel.LoadAsync();
        int[][][] alone = await Task.WhenAll(images.Select(async p =>
            await Task.WhenAll(Questions.Select(async q => (await model.AskAsync(p, q)).TokenIds.ToArray()))));

        await using BlipModel shared = await BlipModel.LoadAsync();
        long before = MemoryAfterCollection();
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
        Assert.InRange(MemoryAfterCollection() - before, long.MinValue, 24 << 20);
    }

    [Fact]
    public async Task Ask_QueueFull_SaysBusyAndTheOthersAreAnswered()
    {
        await using BlipModel model = await BlipModel.LoadAsync(new BlipOptions { MaxRequests = 4 }, cancellationToken: Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Task<Answer>[] tasks = [.. Enumerable.Range(0, 12).Select(_ => model.AskAsync(image, Questions[0], cancellationToken: Stop))];
        await Task.WhenAll(tasks).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(4, tasks.Count(t => t.IsCompletedSuccessfully));
        Assert.All(tasks.Where(t => t.IsFaulted), t => Assert.IsType<BlipBusyException>(t.Exception!.InnerException));
    }

    [Fact]
    public async Task Ask_HalfOfTheCallersCancel_TheOthersAreAnswered()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        List<Task<Answer>> kept = [];
        for (int i = 0; i < 40; i++)
        {
            BlipImage image = DemoImage(i % 10);
            kept.Add(model.AskAsync(image, Questions[i % Questions.Length]));
            CancellationTokenSource cancelled = new(TimeSpan.FromMilliseconds(i));
            _ = model.AskAsync(image, Questions[0], cancellationToken: cancelled.Token).ContinueWith(task =>
            {
                _ = task.Exception;
                cancelled.Dispose();
            }, TaskScheduler.Default);
        }
        Answer[] answers = await Task.WhenAll(kept);
        for (int i = 0; i < answers.Length; i++)
        {
            Answer alone = await model.AskAsync(DemoImage(i % 10), Questions[i % Questions.Length]);
            Assert.Equal(alone.TokenIds, answers[i].TokenIds);
        }
    }

    private static BlipImage DemoImage(int number) =>
        BlipImage.FromFile(TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{number:0000}.jpg")));

    private static long MemoryAfterCollection()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
