using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

public class GateTests
{
    [Fact]
    public async Task SharedBudget_Full_AdmitsInOrderWhenThereIsRoom()
    {
        SharedBudget budget = new(100);
        await budget.EnterAsync(80, CancellationToken.None);
        Task large = budget.EnterAsync(60, CancellationToken.None), small = budget.EnterAsync(10, CancellationToken.None);
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted, "nobody overtakes");
        budget.Leave(80);
        await large;
        await small;
    }

    [Fact]
    public async Task SharedBudget_LargerThanAll_PassesAlone()
    {
        SharedBudget budget = new(100);
        await budget.EnterAsync(1000, CancellationToken.None);
        Task next = budget.EnterAsync(1, CancellationToken.None);
        Assert.False(next.IsCompleted);
        budget.Leave(1000);
        await next;
    }

    [Fact]
    public async Task SharedBudget_TheLargeOneGivesUp_LetsTheSmallThrough()
    {
        SharedBudget budget = new(100);
        using CancellationTokenSource gone = new();
        await budget.EnterAsync(80, CancellationToken.None);
        Task large = budget.EnterAsync(60, gone.Token), small = budget.EnterAsync(10, CancellationToken.None);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small;
    }

    [Fact]
    public async Task RequestGate_Full_SaysBusyWithATimeToComeBack()
    {
        RequestGate gate = new(2, TimeProvider.System, typeof(BlipModel));
        gate.Enter();
        gate.Enter();
        BlipBusyException busy = Assert.Throws<BlipBusyException>(gate.Enter);
        Assert.Equal(BlipErrorCode.Busy, busy.Code);
        Assert.InRange(busy.RetryAfter.TotalSeconds, 1, 120);
        gate.Leave();
        gate.Enter();
        gate.Leave();

        Task<bool> closing = gate.CloseAsync();
        Assert.False(closing.IsCompleted);
        Assert.Throws<ObjectDisposedException>(gate.Enter);
        gate.Leave();
        Assert.True(await closing);
        Assert.False(await gate.CloseAsync());
    }
}
