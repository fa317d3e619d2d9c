using System.Runtime.CompilerServices;
using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

/// <summary>What becomes of the members of a run whose work fails.</summary>
public class RunQueueFailureTests
{
    [Fact]
    public async Task Throw_OnePoisonedItemOfFive_FailsAloneAndEachIsRepeatedOnce()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        TestItem[] items = TestItem.Range(1, 5);
        Task<int>[] results = [.. queue.Enqueue(items[..3]), .. queue.Enqueue(items[3..])];
        queue.Slots.Leave();
        TestRun shared = await queue.NextRunAsync();
        Assert.Equal([1, 4, 2, 5, 3], shared.Ids);
        shared.Throw(new InvalidOperationException("shared"));

        FormatException poison = new("poison");
        List<int> repeated = [];
        for (int i = 0; i < 5; i++)
        {
            TestRun alone = await queue.NextRunAsync();
            repeated.Add(Assert.Single(alone.Ids));
            if (alone.Ids[0] == 2)
                alone.Throw(poison);
            else
                alone.Finish();
        }
        await queue.DrainAsync();
        Assert.Equal([1, 2, 3, 4, 5], repeated.Order());
        Assert.Same(poison, await Assert.ThrowsAsync<FormatException>(() => results[1]));
        int[] all = await Task.WhenAll(results.Where(result => result != results[1])).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 30, 40, 50], all);
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Throw_SomeMembersHaveTheirResults_OnlyTheOthersAreRepeated()
    {
        TestQueue queue = new();
        TestItem[] items = TestItem.Range(1, 4);
        Task<int>[] results = queue.Enqueue(items);
        TestRun shared = await queue.NextRunAsync();
        shared.Complete(0);
        shared.Run.Fail(2, new FormatException("its own"));
        shared.Throw(new InvalidOperationException("shared"));

        Assert.Equal([[2], [4]], await queue.FinishRunsAsync(2));
        await queue.DrainAsync();
        Assert.Equal(10, await results[0]);
        Assert.Equal(20, await results[1]);
        Assert.Equal("its own", (await Assert.ThrowsAsync<FormatException>(() => results[2])).Message);
        Assert.Equal(40, await results[3]);
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Throw_OthersWait_RepeatsTakeTurnsAndGoBeforeLaterItemsOfTheirRequest()
    {
        TestQueue queue = new(maxItems: 2);
        _ = queue.Enqueue(TestItem.Range(1, 4));
        TestRun shared = await queue.NextRunAsync();
        _ = queue.Enqueue(TestItem.Range(11, 3));
        shared.Throw(new InvalidOperationException("shared"));
        Assert.Equal([[1], [11, 12], [2], [13, 3], [4]], await queue.FinishRunsAsync(5));
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Throw_OtherSlotsAreTaken_RepeatsWaitForASlotAsAnybody()
    {
        TestQueue queue = new();
        Task<int>[] results = queue.Enqueue(TestItem.Range(1, 2));
        TestRun shared = await queue.NextRunAsync();
        Task slot = queue.Slots.EnterAsync();
        shared.Throw(new InvalidOperationException("shared"));
        await slot.WaitAsync(TestQueue.Patience);
        Assert.Single(queue.Waits);

        // Who drains now waits for the repeats, too.
        Task drained = queue.DrainAsync();
        queue.Slots.Leave();
        Assert.Equal([[1], [2]], await queue.FinishRunsAsync(2));
        await drained;
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 20], all);
    }

    [Fact]
    public async Task Throw_AMemberHasGone_IsNotRepeatedAndIsReleased()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        TestItem stays = new(1), goes = new(2);
        using CancellationTokenSource gone = new();
        Task<int> result = queue.Enqueue(stays)[0], cancelled = queue.Enqueue(gone.Token, goes)[0];
        queue.Slots.Leave();
        TestRun shared = await queue.NextRunAsync();
        Assert.Equal([1, 2], shared.Ids);
        await gone.CancelAsync();
        shared.Throw(new InvalidOperationException("shared"));

        Assert.Equal([[1]], await queue.FinishRunsAsync(1));
        await queue.DrainAsync();
        Assert.Equal(10, await result);
        Assert.Equal(gone.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled)).CancellationToken);
        TestItem.AssertReleasedOnce([stays, goes]);
    }

    [Fact]
    public async Task Throw_AMemberCancelsWhileItsRepeatWaits_IsNotRepeatedAndIsReleasedAtOnce()
    {
        TestQueue queue = new();
        TestItem[] items = TestItem.Range(1, 3);
        using CancellationTokenSource gone = new();
        Task<int>[] results = queue.Enqueue(gone.Token, items);
        TestRun shared = await queue.NextRunAsync();
        shared.Throw(new InvalidOperationException("shared"));
        TestRun alone = await queue.NextRunAsync();
        await gone.CancelAsync();
        Assert.Equal([0, 1, 1], items.Select(item => item.Releases));
        Assert.All(results, result => Assert.True(result.IsCanceled));
        alone.End();
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Throw_WhileACancellationIsAtWork_NoMemberIsRepeated()
    {
        RunSlots slots = new(1);
        TaskCompletionSource started = new(), fail = new();
        int runs = 0;
        RunQueue<TestItem, int> queue = new(slots, new RunLimits(2, 100), _ =>
        {
            Interlocked.Increment(ref runs);
            started.TrySetResult();
            fail.Task.Wait(TestQueue.Patience);
            throw new FormatException();
        }, item =>
        {
            item.Release();
            if (item.Id != 3)
                return;
            // The item that waits is released first: the run fails before its own members learn of the cancellation.
            Task runHasEnded = slots.EnterAsync();
            fail.SetResult();
            runHasEnded.Wait(TestQueue.Patience);
            slots.Leave();
        }, null, TimeProvider.System, 1);
        TestItem[] items = TestItem.Range(1, 3);
        using CancellationTokenSource gone = new();
        Task<int>[] results = queue.Enqueue(items, gone.Token);
        await started.Task.WaitAsync(TestQueue.Patience);
        await gone.CancelAsync();
        await slots.DrainAsync().WaitAsync(TestQueue.Patience);
        Assert.Equal(1, runs);
        Assert.All(results, result => Assert.True(result.IsCanceled));
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Throw_ItemAlone_GetsTheErrorAndTheQueueGoesOn()
    {
        TestQueue queue = new();
        TestItem item = new(1);
        Task<int> failed = queue.Enqueue(item)[0];
        FormatException error = new("broken");
        (await queue.NextRunAsync()).Throw(error);
        Assert.Same(error, await Assert.ThrowsAsync<FormatException>(() => failed));

        Task<int> next = queue.Enqueue(new TestItem(2))[0];
        (await queue.NextRunAsync()).Finish();
        Assert.Equal(20, await next.WaitAsync(TestQueue.Patience));
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce([item]);
    }

    [Fact]
    public async Task Throw_ACancellationThatNoCallerAskedFor_IsAnError()
    {
        TestQueue queue = new();
        Task<int> result = queue.Enqueue(new TestItem(1))[0];
        OperationCanceledException stray = new("a timeout in the work");
        (await queue.NextRunAsync()).Throw(stray);
        Assert.Same(stray, (await Assert.ThrowsAsync<InvalidOperationException>(() => result)).InnerException);
    }

    [Fact]
    public async Task End_WithoutAResultForAMember_ThatMemberGetsAnErrorAndIsNotRepeated()
    {
        TestQueue queue = new();
        TestItem[] items = TestItem.Range(1, 2);
        Task<int>[] results = queue.Enqueue(items);
        TestRun run = await queue.NextRunAsync();
        run.Complete(0);
        run.End();
        await Assert.ThrowsAsync<InvalidOperationException>(() => results[1].WaitAsync(TestQueue.Patience));
        Assert.Equal(10, await results[0]);
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Starts_Throws_IsAFailureOfTheRun()
    {
        RunSlots slots = new(1);
        TestItem item = new(1);
        RunQueue<TestItem, int> queue = new(
            slots, new RunLimits(8, 100), run => run.Complete(0, 1), item => item.Release(), _ => throw new FormatException("starts"),
            TimeProvider.System, 1);
        await Assert.ThrowsAsync<FormatException>(() => queue.Enqueue([item], CancellationToken.None)[0].WaitAsync(TestQueue.Patience));
        await slots.DrainAsync().WaitAsync(TestQueue.Patience);
        TestItem.AssertReleasedOnce([item]);
    }

    [Fact]
    public async Task Throw_NobodyAwaitsTheTask_LeavesNoUnobservedException()
    {
        int unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> watch = (_, e) =>
        {
            if (e.Exception.InnerExceptions.Any(inner => inner is ForgottenException))
                Interlocked.Increment(ref unobserved);
        };
        TaskScheduler.UnobservedTaskException += watch;
        try
        {
            WeakReference[] forgotten = await Task.Run(FailForgottenAsync);
            for (int i = 0; i < 50 && forgotten.Any(task => task.IsAlive); i++)
            {
                await Task.Yield();
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Assert.DoesNotContain(forgotten, task => task.IsAlive);
            Assert.Equal(0, unobserved);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= watch;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference[]> FailForgottenAsync()
    {
        TestQueue queue = new();
        WeakReference[] tasks = [.. queue.Enqueue(TestItem.Range(1, 3)).Select(task => new WeakReference(task))];
        TestRun run = await queue.NextRunAsync();
        run.Run.Fail(0, new ForgottenException());
        run.Throw(new ForgottenException());
        (await queue.NextRunAsync()).Throw(new ForgottenException());
        (await queue.NextRunAsync()).Throw(new ForgottenException());
        await queue.DrainAsync();
        return tasks;
    }

    private sealed class ForgottenException : Exception;
}
