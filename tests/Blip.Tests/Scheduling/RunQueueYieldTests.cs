using Xunit;

namespace Blip.Tests.Scheduling;

/// <summary>Runs that let others go first.</summary>
public class RunQueueYieldTests
{
    [Fact]
    public async Task Yield_AnItemCameLater_ItRunsBetweenTwoSteps()
    {
        TestQueue queue = new(maxOpenRuns: 2);
        Task<int> slow = queue.Enqueue(new TestItem(1))[0];
        TestRun first = await queue.NextRunAsync();
        Task<int> quick = queue.Enqueue(new TestItem(2))[0];
        Task yielded = first.YieldAsync();
        TestRun second = await queue.NextRunAsync();
        Assert.False(yielded.IsCompleted);
        second.Finish();
        Assert.Equal(20, await quick.WaitAsync(TestQueue.Patience));
        await yielded;
        Assert.False(slow.IsCompleted);
        first.Finish();
        Assert.Equal(10, await slow.WaitAsync(TestQueue.Patience));
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Yield_NothingWaits_TheRunGoesOnInItsSlot()
    {
        TestQueue queue = new(maxOpenRuns: 2);
        _ = queue.Enqueue(new TestItem(1));
        TestRun run = await queue.NextRunAsync();
        await run.YieldAsync();
        Assert.False(queue.Slots.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Yield_AsManyRunsAsMayBeOpen_ItemsGatherUntilOneEnds()
    {
        TestQueue queue = new(maxOpenRuns: 2);
        List<Task<int>> results = [.. queue.Enqueue(new TestItem(1))];
        TestRun first = await queue.NextRunAsync();
        results.AddRange(queue.Enqueue(new TestItem(2)));
        Task firstBack = first.YieldAsync();
        TestRun second = await queue.NextRunAsync();
        results.AddRange(queue.Enqueue(new TestItem(3)));
        results.AddRange(queue.Enqueue(new TestItem(4)));

        // The slot goes back and forth between the two, though others wait.
        Task secondBack = second.YieldAsync();
        await firstBack;
        firstBack = first.YieldAsync();
        await secondBack;
        secondBack = second.YieldAsync();
        await firstBack;
        first.Finish();
        await secondBack;
        second.Finish();

        TestRun third = await queue.NextRunAsync();
        Assert.Equal([3, 4], third.Ids);
        third.Finish();
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 20, 30, 40], all);
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Enqueue_OneRunMayBeOpen_TakesNoSecondSlot()
    {
        TestQueue queue = new(slots: 2, maxOpenRuns: 1);
        _ = queue.Enqueue(new TestItem(1));
        TestRun first = await queue.NextRunAsync();
        _ = queue.Enqueue(TestItem.Range(2, 2));
        Assert.True(queue.Slots.EnterAsync().IsCompleted);
        queue.Slots.Leave();
        first.Finish();
        Assert.Equal([[2, 3]], await queue.FinishRunsAsync(1));
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Enqueue_SeveralSlots_RunsGoSideBySide()
    {
        TestQueue queue = new(slots: 2, maxItems: 1, maxOpenRuns: 2);
        Task<int>[] results = queue.Enqueue(TestItem.Range(1, 2));
        TestRun first = await queue.NextRunAsync(), second = await queue.NextRunAsync();
        first.Finish();
        second.Finish();
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 20], all);
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Enqueue_TwoSlots_ALateCallerIsInTheRunOfWhicheverIsFreeFirst()
    {
        TestQueue queue = new(slots: 2, maxItems: 4, maxOpenRuns: 2);
        _ = queue.Enqueue(TestItem.Range(1, 100));
        TestRun first = await queue.NextRunAsync(), second = await queue.NextRunAsync();
        Assert.Equal((4, 4), (first.Ids.Length, second.Ids.Length));
        Task<int>[] late = queue.Enqueue(TestItem.Range(901, 2));
        second.Finish();
        TestRun third = await queue.NextRunAsync();
        Assert.Equal([9, 901, 10, 902], third.Ids);
        third.Finish();
        int[] answers = await Task.WhenAll(late).WaitAsync(TestQueue.Patience);
        Assert.Equal([9010, 9020], answers);
        first.Finish();
        await queue.FinishRunsAsync((100 - 10 + 3) / 4);
        await queue.DrainAsync();
    }

    [Fact]
    public async Task DrainAsync_ARunLetsOthersGoFirst_WaitsForIt()
    {
        TestQueue queue = new(maxOpenRuns: 2);
        TestItem[] items = TestItem.Range(1, 2);
        _ = queue.Enqueue(items[0]);
        TestRun first = await queue.NextRunAsync();
        _ = queue.Enqueue(items[1]);
        Task yielded = first.YieldAsync();
        TestRun second = await queue.NextRunAsync();
        Task drained = queue.DrainAsync();
        second.Finish();
        await yielded;
        Assert.False(drained.IsCompleted);
        first.Finish();
        await drained;
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Throw_AfterYield_TheMembersAreRepeated()
    {
        TestQueue queue = new(maxOpenRuns: 2);
        Task<int>[] results = queue.Enqueue(TestItem.Range(1, 2));
        TestRun first = await queue.NextRunAsync();
        results = [.. results, .. queue.Enqueue(new TestItem(3))];
        Task yielded = first.YieldAsync();
        TestRun second = await queue.NextRunAsync();
        second.Finish();
        await yielded;
        first.Throw(new InvalidOperationException("shared"));
        Assert.Equal([[1], [2]], await queue.FinishRunsAsync(2));
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 20, 30], all);
        await queue.DrainAsync();
    }
}
