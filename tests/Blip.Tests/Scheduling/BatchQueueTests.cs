using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

public class BatchQueueTests
{
    [Fact]
    public async Task Enqueue_WhileARunIsGoing_GathersABatchInOrder()
    {
        using SemaphoreSlim slots = new(1);
        using ManualResetEventSlim open = new();
        List<int[]> batches = [];
        BatchQueue<int, int> queue = new(slots, 3, (items, _) =>
        {
            open.Wait(CancellationToken.None);
            batches.Add([.. items]);
            return [.. items.Select(i => i * 10)];
        }, _ => { });

        List<Task<int>> results = [.. queue.Enqueue([1], CancellationToken.None)];
        await WaitUntil(() => slots.CurrentCount == 0);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        results.AddRange(queue.Enqueue([2, 3], CancellationToken.None));
        results.AddRange(queue.Enqueue([4, 5], CancellationToken.None));
        open.Set();

        int[] all = await Task.WhenAll(results);
        Assert.Equal([10, 20, 30, 40, 50], all);
        Assert.Equal([[1], [2, 3, 4], [5]], batches);
    }

    [Fact]
    public async Task Cancel_WhileWaiting_IsNeverRunAndIsReleasedAtOnce()
    {
        using SemaphoreSlim slots = new(1);
        await slots.WaitAsync(TestContext.Current.CancellationToken);
        List<int> ran = [], released = [];
        BatchQueue<int, int> queue = new(slots, 8, (items, _) => { ran.AddRange(items); return items; }, released.Add);
        using CancellationTokenSource gone = new();
        Task<int> cancelled = queue.Enqueue([1], gone.Token)[0], kept = queue.Enqueue([2], CancellationToken.None)[0];

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal([1], released);
        slots.Release();
        Assert.Equal(2, await kept);
        Assert.Equal([2], ran);
    }

    [Fact]
    public async Task Cancel_OneMemberOfARun_OthersGetTheirResults()
    {
        using SemaphoreSlim slots = new(1);
        using ManualResetEventSlim started = new(), open = new();
        CancellationToken runToken = default;
        BatchQueue<int, int> queue = new(slots, 8, (items, token) =>
        {
            runToken = token;
            started.Set();
            open.Wait(CancellationToken.None);
            return items;
        }, _ => { });
        using CancellationTokenSource first = new(), second = new();
        await slots.WaitAsync(TestContext.Current.CancellationToken);
        Task<int> a = queue.Enqueue([1], first.Token)[0], b = queue.Enqueue([2], second.Token)[0];
        slots.Release();
        started.Wait(TestContext.Current.CancellationToken);

        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => a);
        Assert.False(runToken.IsCancellationRequested);
        await second.CancelAsync();
        Assert.True(runToken.IsCancellationRequested);
        open.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b);
    }

    [Fact]
    public async Task Run_Throws_EveryMemberLearnsAndTheQueueGoesOn()
    {
        using SemaphoreSlim slots = new(1);
        bool fail = true;
        BatchQueue<int, int> queue = new(slots, 8, (items, _) => fail ? throw new InvalidOperationException("broken") : items, _ => { });
        await slots.WaitAsync(TestContext.Current.CancellationToken);
        Task<int>[] results = queue.Enqueue([1, 2], CancellationToken.None);
        slots.Release();
        await Assert.ThrowsAsync<InvalidOperationException>(() => results[0]);
        await Assert.ThrowsAsync<InvalidOperationException>(() => results[1]);
        fail = false;
        Assert.Equal(3, await queue.Enqueue([3], CancellationToken.None)[0]);
    }

    private static async Task WaitUntil(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(1);
    }
}
