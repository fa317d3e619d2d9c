using System.Threading.Channels;
using Blip.Scheduling;

namespace Blip.Tests.Scheduling;

/// <summary>A run whose thread does what the test says, step by step.</summary>
internal sealed class TestRun(Run<TestItem, int> run)
{
    private readonly Channel<Action?> _steps = Channel.CreateUnbounded<Action?>();

    public Run<TestItem, int> Run => run;

    public int[] Ids => [.. run.Items.Select(item => item.Id)];

    /// <summary>Called by the work; returns when the test ends the run.</summary>
    public void Follow()
    {
        while (_steps.Reader.ReadAsync().AsTask().GetAwaiter().GetResult() is { } step)
            step();
    }

    /// <summary>Lets others go first. The task ends when the run has its slot again.</summary>
    public Task YieldAsync()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _steps.Writer.TryWrite(() =>
        {
            run.Yield();
            done.SetResult();
        });
        return done.Task.WaitAsync(TestQueue.Patience);
    }

    public void Complete(int index) => run.Complete(index, run.Items[index].Id * 10);

    public void Throw(Exception exception) => _steps.Writer.TryWrite(() => throw exception);

    /// <summary>Ends the run without further results.</summary>
    public void End() => _steps.Writer.TryWrite(null);

    /// <summary>Gives every member its result and ends the run.</summary>
    public void Finish()
    {
        for (int i = 0; i < run.Items.Count; i++)
            Complete(i);
        End();
    }
}
