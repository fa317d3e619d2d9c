using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

/// <summary>Which items share a run, and in which order.</summary>
public class RunQueueTests
{
    [Fact]
    public async Task Enqueue_WhileARunIsGoing_GathersTheNextRuns()
    {
        TestQueue queue = new(maxItems: 3);
        TestItem[] items = TestItem.Range(1, 5);
        List<Task<int>> results = [.. queue.Enqueue(items[0])];
        TestRun first = await queue.NextRunAsync();
        results.AddRange(queue.Enqueue(items[1], items[2]));
        results.AddRange(queue.Enqueue(items[3], items[4]));
        first.Finish();

        Assert.Equal([[2, 4, 3], [5]], await queue.FinishRunsAsync(2));
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        Assert.Equal([10, 20, 30, 40, 50], all);
        await queue.DrainAsync();
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Enqueue_NoItems_GivesNoTasksAndStartsNoRun()
    {
        TestQueue queue = new();
        Assert.Empty(queue.Enqueue());
        Assert.True(queue.Slots.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Enqueue_OneItemBehind4000_IsInTheNextRun()
    {
        TestQueue queue = new();
        Task<int>[] many = queue.Enqueue(TestItem.Range(1, 4000));
        TestRun first = await queue.NextRunAsync();
        Task<int> one = queue.Enqueue(new TestItem(9000))[0];
        first.Finish();

        TestRun second = await queue.NextRunAsync();
        Assert.Equal([9, 9000, 10, 11, 12, 13, 14, 15], second.Ids);
        second.Finish();
        Assert.Equal(90000, await one.WaitAsync(TestQueue.Patience));
        Assert.Equal(15, many.Count(task => task.IsCompleted));
        await queue.FinishRunsAsync((4000 - 15 + 7) / 8);
        await queue.DrainAsync();
    }

    [Fact]
    public async Task Enqueue_ThreeRequests_TakeTurnsAndGoOnWhereTheLastRunStopped()
    {
        int[][] runs = await RunAllAsync(
            maxItems: 4, maxTokens: 100, 4, TestItem.Range(1, 6), TestItem.Range(11, 2), TestItem.Range(21, 5));
        Assert.Equal([[1, 11, 21, 2], [12, 22, 3, 23], [4, 24, 5, 25], [6]], runs);
    }

    [Fact]
    public async Task Enqueue_MoreTokensThanARunTakes_TheRestRunsNext()
    {
        Assert.Equal([[1, 2], [3]], await RunAllAsync(maxItems: 8, maxTokens: 16, 2, TestItem.Range(1, 3, tokens: 8)));
    }

    [Fact]
    public async Task Enqueue_AnItemOfMoreThanAllTokens_RunsAlone()
    {
        TestItem[] small = TestItem.Range(1, 2, tokens: 5), large = [new TestItem(11, tokens: 40)];
        Assert.Equal([[11], [1, 2]], await RunAllAsync(maxItems: 8, maxTokens: 16, 2, large, small));
        small = TestItem.Range(1, 2, tokens: 5);
        Assert.Equal([[1, 2], [11]], await RunAllAsync(maxItems: 8, maxTokens: 16, 2, small, [new TestItem(11, tokens: 40)]));
    }

    [Fact]
    public async Task Enqueue_AnItemThatDoesNotFit_IsPassedByOthersOnceAndThenFirst()
    {
        int[][] runs = await RunAllAsync(
            maxItems: 8, maxTokens: 16, 4, TestItem.Range(1, 9, tokens: 5), [new TestItem(11, tokens: 16)]);
        Assert.Equal([[1, 2, 3], [11], [4, 5, 6], [7, 8, 9]], runs);
    }

    [Fact]
    public async Task Enqueue_SeveralItemsThatDoNotFit_KeepTheirOrder()
    {
        TestItem[][] requests =
            [[new TestItem(1, 10)], [new TestItem(2, 12)], [new TestItem(3, 13)], [new TestItem(4, 6), new TestItem(5, 4)]];
        Assert.Equal([[1, 4], [2, 5], [3]], await RunAllAsync(maxItems: 8, maxTokens: 16, 3, requests));
    }

    [Fact]
    public async Task Enqueue_AnItemThatDoesNotFit_LaterOnesOfItsRequestWaitForIt()
    {
        TestItem[] request = [new TestItem(1, 10), new TestItem(2, 10), new TestItem(3, 1)];
        Assert.Equal([[1], [2, 3]], await RunAllAsync(maxItems: 8, maxTokens: 16, 2, request));
    }

    [Fact]
    public async Task Enqueue_GroupsArriveInTurn_StandSideBySideInTheRun()
    {
        // Groups are compared by reference: these two are equal.
        object red = new string('g', 1), blue = new string('g', 1);
        int[][] runs = await RunAllAsync(
            maxItems: 8, maxTokens: 100, 1,
            TestItem.Range(1, 3, group: red), TestItem.Range(11, 2, group: blue), TestItem.Range(21, 1, group: red));
        Assert.Equal([[1, 21, 2, 3, 11, 12]], runs);
    }

    [Fact]
    public async Task Complete_OneMember_ItsCallerHasTheResultWhileTheRunGoesOn()
    {
        TestQueue queue = new();
        TestItem[] items = TestItem.Range(1, 2);
        Task<int>[] results = queue.Enqueue(items);
        TestRun run = await queue.NextRunAsync();
        run.Complete(1);
        Assert.Equal(20, await results[1].WaitAsync(TestQueue.Patience));
        Assert.False(results[0].IsCompleted);
        Assert.Equal(0, items[1].Releases);

        run.Complete(0);
        run.End();
        Assert.Equal(10, await results[0].WaitAsync(TestQueue.Patience));
        await queue.DrainAsync();
        Assert.False(run.Run.Token.IsCancellationRequested);
        TestItem.AssertReleasedOnce(items);
    }

    [Fact]
    public async Task Starts_OfEachRun_TellsHowLongEachMemberHasWaited()
    {
        TestQueue queue = new();
        await queue.Slots.EnterAsync();
        _ = queue.Enqueue(new TestItem(1));
        queue.Clock.Advance(TimeSpan.FromSeconds(3));
        _ = queue.Enqueue(new TestItem(2));
        queue.Clock.Advance(TimeSpan.FromSeconds(4));
        queue.Slots.Leave();
        TestRun shared = await queue.NextRunAsync();
        // A member that is repeated waits anew.
        queue.Clock.Advance(TimeSpan.FromSeconds(50));
        Task slot = queue.Slots.EnterAsync();
        shared.Throw(new InvalidOperationException("broken"));
        await slot.WaitAsync(TestQueue.Patience);
        queue.Clock.Advance(TimeSpan.FromSeconds(1));
        queue.Slots.Leave();
        await queue.FinishRunsAsync(2);
        await queue.DrainAsync();

        Assert.Equal([7, 4], queue.Waits[0].Select(wait => wait.TotalSeconds));
        Assert.Equal([1], queue.Waits[1].Select(wait => wait.TotalSeconds));
        Assert.Equal(3, queue.Waits.Count);
    }

    [Fact]
    public async Task Enqueue_FromACallersContext_TheRunDoesNotSeeIt()
    {
        AsyncLocal<string> caller = new() { Value = "caller" };
        string? seen = "none";
        RunQueue<TestItem, int> queue = new(new RunSlots(1), new RunLimits(8, 100), run =>
        {
            seen = caller.Value;
            run.Complete(0, 1);
        }, _ => { }, null, TimeProvider.System, 1);
        await queue.Enqueue([new TestItem(1)], CancellationToken.None)[0].WaitAsync(TestQueue.Patience);
        Assert.Null(seen);
    }

    [Fact]
    public async Task Enqueue_TwoQueues_ShareTheSlotsInOrderOfArrival()
    {
        RunSlots slots = new(1);
        List<int> order = [];
        RunQueue<TestItem, int> images = Recording(), questions = Recording();
        await slots.EnterAsync();
        Task<int>[] results =
        [
            .. questions.Enqueue(TestItem.Range(1, 2), CancellationToken.None),
            .. images.Enqueue(TestItem.Range(11, 2), CancellationToken.None),
        ];
        slots.Leave();
        await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        Assert.Equal([1, 11, 2, 12], order);

        RunQueue<TestItem, int> Recording() => new(slots, new RunLimits(1, 100), run =>
        {
            order.Add(run.Items[0].Id);
            run.Complete(0, 1);
        }, _ => { }, null, TimeProvider.System, 1);
    }

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(100_000, 1)]
    public async Task Enqueue_100000Items_EachIsConsideredAFewTimesAtMost(int requests, int itemsEach)
    {
        // Two items fit a run and a third never does, so every run passes by requests.
        RunSlots slots = new(1);
        RunQueue<TestItem, int> queue = new(slots, new RunLimits(8, 20), run =>
        {
            for (int i = 0; i < run.Items.Count; i++)
                run.Complete(i, run.Items[i].Id);
        }, item => item.Release(), null, TimeProvider.System, 1);
        TestItem[] items = TestItem.Range(0, requests * itemsEach, tokens: 8);
        await slots.EnterAsync();
        List<Task<int>> results = [];
        foreach (TestItem[] request in items.Chunk(itemsEach))
            results.AddRange(queue.Enqueue(request, CancellationToken.None));
        slots.Leave();

        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        await slots.DrainAsync().WaitAsync(TestQueue.Patience);
        Assert.Equal(items.Select(item => item.Id), all);
        Assert.True(items.Sum(item => item.TokenReads) <= 6 * items.Length);
        TestItem.AssertReleasedOnce(items);
    }

    /// <summary>Enqueues all requests before the first run starts; gives the ids of each run.</summary>
    private static async Task<int[][]> RunAllAsync(int maxItems, int maxTokens, int runCount, params TestItem[][] requests)
    {
        TestQueue queue = new(maxItems: maxItems, maxTokens: maxTokens);
        await queue.Slots.EnterAsync();
        List<Task<int>> results = [];
        foreach (TestItem[] request in requests)
            results.AddRange(queue.Enqueue(request));
        queue.Slots.Leave();
        int[][] runs = await queue.FinishRunsAsync(runCount);
        int[] all = await Task.WhenAll(results).WaitAsync(TestQueue.Patience);
        await queue.DrainAsync();
        Assert.Equal(requests.SelectMany(request => request).Select(item => item.Id * 10), all);
        TestItem.AssertReleasedOnce(requests.SelectMany(request => request));
        return runs;
    }
}
