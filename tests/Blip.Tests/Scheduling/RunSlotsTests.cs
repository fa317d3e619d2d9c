using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

public class RunSlotsTests
{
    [Fact]
    public async Task EnterAsync_AllSlotsTaken_WaitsForTheNextOneThatLeaves()
    {
        RunSlots slots = new(2);
        Assert.True(slots.EnterAsync().IsCompleted);
        Assert.True(slots.EnterAsync().IsCompleted);
        Task third = slots.EnterAsync(), fourth = slots.EnterAsync();
        Assert.False(third.IsCompleted);

        slots.Leave();
        await third.WaitAsync(TestQueue.Patience);
        Assert.False(fourth.IsCompleted);
        slots.Leave();
        await fourth.WaitAsync(TestQueue.Patience);
        slots.Leave();
        Assert.True(slots.EnterAsync().IsCompleted);
        Assert.False(slots.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Yield_BetweenOthersWhoWait_AllAreServedInOrderOfArrival()
    {
        RunSlots slots = new(1);
        await slots.EnterAsync();
        Task first = slots.EnterAsync(), second = slots.EnterAsync();
        Task yielded = Task.Run(slots.Yield);
        await first.WaitAsync(TestQueue.Patience);
        Task last = slots.EnterAsync();
        Assert.False(second.IsCompleted);
        Assert.False(yielded.IsCompleted);

        slots.Leave();
        await second.WaitAsync(TestQueue.Patience);
        Assert.False(yielded.IsCompleted);
        slots.Leave();
        await yielded.WaitAsync(TestQueue.Patience);
        Assert.False(last.IsCompleted);
        slots.Leave();
        await last.WaitAsync(TestQueue.Patience);
    }

    [Fact]
    public async Task Yield_TwoThreadsInTurn_TakeTheSlotAlternately()
    {
        RunSlots slots = new(1);
        List<int> steps = [];
        await slots.EnterAsync();
        Task[] both = [StepAsync(1), StepAsync(2)];
        slots.Leave();
        await Task.WhenAll(both).WaitAsync(TestQueue.Patience);
        Assert.Equal([1, 2, 1, 2, 1, 2], steps);

        async Task StepAsync(int id)
        {
            await slots.EnterAsync();
            for (int i = 0; i < 3; i++)
            {
                steps.Add(id);
                slots.Yield();
            }
            slots.Leave();
        }
    }

    [Fact]
    public async Task Yield_NobodyWaits_KeepsTheSlot()
    {
        RunSlots slots = new(1);
        await slots.EnterAsync();
        slots.Yield();
        Assert.False(slots.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task DrainAsync_SlotsTaken_WaitsForAllAndForThoseWhoWait()
    {
        RunSlots slots = new(2);
        await slots.EnterAsync();
        await slots.EnterAsync();
        Task waiting = slots.EnterAsync(), drained = slots.DrainAsync();
        slots.Leave();
        await waiting.WaitAsync(TestQueue.Patience);
        slots.Leave();
        Assert.False(drained.IsCompleted);
        slots.Leave();
        await drained.WaitAsync(TestQueue.Patience);
        Assert.False(slots.EnterAsync().IsCompleted);
        Assert.True(slots.DrainAsync().IsCompleted);
    }

    [Fact]
    public async Task DrainAsync_AThreadWaitsInYield_WaitsForItsSecondTurn()
    {
        RunSlots slots = new(1);
        await slots.EnterAsync();
        Task other = slots.EnterAsync(), yielded = Task.Run(slots.Yield);
        await other.WaitAsync(TestQueue.Patience);
        Task drained = slots.DrainAsync();
        slots.Leave();
        await yielded.WaitAsync(TestQueue.Patience);
        Assert.False(drained.IsCompleted);
        slots.Leave();
        await drained.WaitAsync(TestQueue.Patience);
    }

    [Fact]
    public void DrainAsync_AllSlotsFree_IsDoneAtOnce()
    {
        RunSlots slots = new(3);
        Assert.True(slots.DrainAsync().IsCompletedSuccessfully);
        Assert.False(slots.EnterAsync().IsCompleted);
    }
}
