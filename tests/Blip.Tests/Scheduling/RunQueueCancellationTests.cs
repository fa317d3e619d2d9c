using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

/// <summary>Who cancels leaves at once, with the own token, and takes nothing from others.</summary>
public class RunQueueCancellationTests
{
    [Fact]
    public async Task Cancel_WhileWaiting_IsNeverRunAndIsReleasedAtOnce()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        using CancellationTokenSource gone = new();
        TestItem leaves = new(1), stays = new(2);
        Task<int> cancelled = queue.Enqueue(gone.Token, leaves)[0], kept = queue.Enqueue(stays)[0];

        await gone.CancelAsync();
        await AssertCancelledAsync(cancelled, gone.Token);
        Assert.Equal(1, leaves.Releases);
        queue.Slots.Leave();
        Assert.Equal([[2]], await queue.FinishRunsAsync(1));
        Assert.Equal(20, await kept);
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce([leaves, stays]);
    }

    [Fact]
    public async Task Cancel_AllThatWait_GivesTheSlotBackWithoutARun()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        using CancellationTokenSource gone = new();
        Task<int> cancelled = queue.Enqueue(gone.Token, new TestItem(1))[0];
        await gone.CancelAsync();
        await AssertCancelledAsync(cancelled, gone.Token);
        queue.Slots.Leave();
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Cancel_BeforeEnqueue_IsNeverRunAndIsReleased()
    {
        TestQueue queue = new();
        using CancellationTokenSource gone = new();
        await gone.CancelAsync();
        TestItem[] items = TestItem.Range(1, 3);
        foreach (Task<int> result in queue.Enqueue(gone.Token, items))
            await AssertCancelledAsync(result, gone.Token);
        TestItem.AssertReleasedOnce(items);
        Assert.True(queue.Slots.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Cancel_4000OfWhichSomeRun_TheOthersAreReleasedAtOnceAndTheNextRequestRuns()
    {
        TestQueue queue = new();
        using CancellationTokenSource gone = new();
        TestItem[] items = TestItem.Range(1, 4000);
        Task<int>[] results = queue.Enqueue(gone.Token, items);
        TestRun run = await queue.NextRunAsync();
        Task<int> other = queue.Enqueue(new TestItem(9000))[0];
        run.Complete(0);
        await gone.CancelAsync();

        Assert.Equal(10, await results[0]);
        Assert.All(results.Skip(1), result => Assert.True(result.IsCanceled));
        Assert.Equal(3992, items.Count(item => item.Releases == 1));
        Assert.All(items.Take(8), item => Assert.Equal(0, item.Releases));
        run.End();
        Assert.Equal([[9000]], await queue.FinishRunsAsync(1));
        Assert.Equal(90000, await other);
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Cancel_OneMemberOfARun_LeavesAtOnceAndTheOthersGetTheirResults()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        using CancellationTokenSource first = new(), second = new();
        TestItem[] items = TestItem.Range(1, 3);
        Task<int> leaves = queue.Enqueue(first.Token, items[0])[0], stays = queue.Enqueue(items[1])[0];
        Task<int> leavesLater = queue.Enqueue(second.Token, items[2])[0];
        queue.Slots.Leave();
        TestRun run = await queue.NextRunAsync();

        await first.CancelAsync();
        await AssertCancelledAsync(leaves, first.Token);
        Assert.Equal([true, false, false], Enumerable.Range(0, 3).Select(run.Run.IsGone));
        Assert.Equal(0, items[0].Releases);
        Assert.False(run.Run.Complete(0, 1));
        Assert.True(run.Run.Complete(1, 22));
        Assert.Equal(22, await stays.WaitAsync(TestQueue.Patience));
        Assert.False(run.Run.Token.IsCancellationRequested);

        await second.CancelAsync();
        await AssertCancelledAsync(leavesLater, second.Token);
        Assert.True(run.Run.Token.IsCancellationRequested);
        run.End();
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Cancel_AllButThoseWithAResult_CancelsTheRunWithItsLastResult()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        using CancellationTokenSource gone = new();
        _ = queue.Enqueue(gone.Token, new TestItem(1));
        _ = queue.Enqueue(new TestItem(2));
        queue.Slots.Leave();
        TestRun run = await queue.NextRunAsync();
        await gone.CancelAsync();
        Assert.False(run.Run.Token.IsCancellationRequested);
        run.Complete(1);
        Assert.True(run.Run.Token.IsCancellationRequested);
        run.End();
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Cancel_AllMembers_TheWorkStopsAndEachCallerGetsTheOwnToken()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        using CancellationTokenSource first = new(), second = new();
        TestItem[] items = TestItem.Range(1, 2);
        Task<int> a = queue.Enqueue(first.Token, items[0])[0], b = queue.Enqueue(second.Token, items[1])[0];
        queue.Slots.Leave();
        TestRun run = await queue.NextRunAsync();
        await first.CancelAsync();
        await second.CancelAsync();
        run.Throw(new OperationCanceledException(run.Run.Token));
        await AssertCancelledAsync(a, first.Token);
        await AssertCancelledAsync(b, second.Token);
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Cancel_WhileTheWorkGivesTheErrorOfAMember_TheCallerGetsTheOwnToken()
    {
        TestQueue queue = new();
        using CancellationTokenSource gone = new();
        Task<int> result = queue.Enqueue(gone.Token, new TestItem(1))[0];
        TestRun run = await queue.NextRunAsync();
        // Registered last, so called first: the token is cancelled, and the queue does not know it yet.
        using CancellationTokenRegistration early = gone.Token.Register(() => run.Run.Fail(0, new FormatException("too late")));
        await gone.CancelAsync();
        await AssertCancelledAsync(result, gone.Token);
        run.End();
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Cancel_400TimesAtAnyMoment_GivesTheOwnTokenOrTheResult()
    {
        RunSlots slots = new(2);
        RunQueue<TestItem, int> queue = new(slots, new RunLimits(4, 1000), run =>
        {
            for (int i = 0; i < run.Items.Count; i++)
            {
                run.Yield();
                Thread.SpinWait(500);
                // Every fifth item makes its run fail, so that some are cancelled around a repeat.
                if (run.Items[i].Id % 5 == 0)
                    throw new FormatException();
                run.Token.ThrowIfCancellationRequested();
                run.Complete(i, run.Items[i].Id * 10);
            }
        }, item => item.Release(), null, TimeProvider.System, 3);
        TestItem[] items = TestItem.Range(0, 400);
        int cancelled = 0;
        await Task.WhenAll(items.Chunk(50).Select(chunk => Task.Run(async () =>
        {
            foreach (TestItem item in chunk)
                await AskAndCancelAsync(item);
        })));
        await slots.DrainAsync().WaitAsync(TestQueue.Patience);
        TestItem.AssertReleasedOnce(items);
        Assert.NotEqual(0, cancelled);

        async Task AskAndCancelAsync(TestItem item)
        {
            using CancellationTokenSource own = new();
            Task<int> result = queue.Enqueue([item], own.Token)[0];
            Task cancel = Task.Run(() =>
            {
                Thread.SpinWait(new Random(item.Id).Next(20_000));
                own.Cancel();
            });
            try
            {
                Assert.Equal(item.Id * 10, await result.WaitAsync(TestQueue.Patience));
            }
            catch (FormatException)
            {
                Assert.Equal(0, item.Id % 5);
            }
            catch (OperationCanceledException exception)
            {
                Assert.Equal(own.Token, exception.CancellationToken);
                Interlocked.Increment(ref cancelled);
            }
            await cancel;
        }
    }

    private static async Task AssertCancelledAsync(Task<int> task, CancellationToken token)
    {
        OperationCanceledException exception =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(TestQueue.Patience));
        Assert.Equal(token, exception.CancellationToken);
        Assert.True(task.IsCanceled);
    }
}
