using System.Collections.Concurrent;
using System.Diagnostics;
using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

public class RunQueueStressTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Items whose number ends with 7 make their run throw, those that end with 9 fail on their own, and every fourth request is
    /// cancelled at some moment. Each item gets what is its own, whoever it shares runs with.
    /// </summary>
    [Fact]
    public async Task Enqueue_16ProducersThatFailAndCancel_EachItemGetsItsOwnAndIsReleasedOnce()
    {
        const int Slots = 3, MaxItems = 8, MaxTokens = 60, MaxOpenRuns = 5;
        RunSlots slots = new(Slots);
        ConcurrentQueue<string> broken = [];
        int open = 0, working = 0, nextId = 0;
        RunQueue<TestItem, int> queue = new(
            slots, new RunLimits(MaxItems, MaxTokens), Work, item => item.Release(), null, TimeProvider.System, MaxOpenRuns);
        ConcurrentQueue<TestItem> all = [];
        int results = 0, errors = 0, cancellations = 0;

        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(seed => Task.Run(() => ProduceAsync(new Random(seed)))));
        await slots.DrainAsync().WaitAsync(TestQueue.Patience);

        Assert.Empty(broken);
        TestItem.AssertReleasedOnce(all);
        Assert.Equal(all.Count, results + errors + cancellations);
        Assert.True(results > 0 && errors > 0 && cancellations > 0);

        void Work(Run<TestItem, int> run)
        {
            Check(Interlocked.Increment(ref open) <= MaxOpenRuns, "too many open runs");
            Check(Interlocked.Increment(ref working) <= Slots, "more runs than slots");
            Check(run.Items.Count is > 0 and <= MaxItems, "too many items");
            Check(run.Items.Count == 1 || run.Items.Sum(item => item.Tokens) <= MaxTokens, "too many tokens");
            try
            {
                for (int i = 0; i < run.Items.Count; i++)
                {
                    Interlocked.Decrement(ref working);
                    run.Yield();
                    Check(Interlocked.Increment(ref working) <= Slots, "more runs than slots after a yield");
                    run.Token.ThrowIfCancellationRequested();
                    TestItem item = run.Items[i];
                    Check(item.Releases == 0, "an item that was released before");
                    switch (item.Id % 10)
                    {
                        case 7:
                            throw new FormatException($"{item.Id}");
                        case 9:
                            run.Fail(i, new FormatException($"{item.Id}"));
                            break;
                        default:
                            run.Complete(i, item.Id);
                            break;
                    }
                }
            }
            finally
            {
                Interlocked.Decrement(ref working);
                Interlocked.Decrement(ref open);
            }
        }

        async Task ProduceAsync(Random random)
        {
            object group = new();
            while (Stopwatch.GetElapsedTime(start) < Length)
            {
                int count = random.Next(10) == 0 ? random.Next(100) : random.Next(1, 4);
                TestItem[] items = new TestItem[count];
                for (int i = 0; i < count; i++)
                    all.Enqueue(items[i] = new TestItem(Interlocked.Increment(ref nextId), random.Next(1, 80), group));
                using CancellationTokenSource own = new();
                Task<int>[] tasks = queue.Enqueue(items, own.Token);
                if (random.Next(4) == 0)
                {
                    Thread.SpinWait(random.Next(30_000));
                    await own.CancelAsync();
                }
                for (int i = 0; i < count; i++)
                    await CheckAsync(items[i].Id, tasks[i], own.Token);
            }
        }

        async Task CheckAsync(int id, Task<int> task, CancellationToken own)
        {
            try
            {
                int result = await task.WaitAsync(TestQueue.Patience, CancellationToken.None);
                Check(result == id && id % 10 is not (7 or 9), $"a wrong result for {id}");
                Interlocked.Increment(ref results);
            }
            catch (FormatException exception)
            {
                Check(exception.Message == $"{id}" && id % 10 is (7 or 9), $"a wrong error for {id}: {exception.Message}");
                Interlocked.Increment(ref errors);
            }
            catch (OperationCanceledException exception)
            {
                Check(own.IsCancellationRequested && exception.CancellationToken == own, $"a wrong cancellation for {id}");
                Interlocked.Increment(ref cancellations);
            }
        }

        void Check(bool holds, string what)
        {
            if (!holds)
                broken.Enqueue(what);
        }
    }
}
