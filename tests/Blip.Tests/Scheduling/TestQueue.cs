using System.Threading.Channels;
using Blip.Scheduling;

namespace Blip.Tests.Scheduling;

/// <summary>A queue whose runs the test controls. An item's result is ten times its id.</summary>
internal sealed class TestQueue
{
    /// <summary>Only a test that fails waits so long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<TestRun> _started = Channel.CreateUnbounded<TestRun>();
    private readonly RunQueue<TestItem, int> _queue;

    public TestQueue(int slots = 1, int maxItems = 8, int maxTokens = 1000, int maxOpenRuns = 1)
    {
        Slots = new RunSlots(slots);
        _queue = new RunQueue<TestItem, int>(
            Slots, new RunLimits(maxItems, maxTokens), Work, item => item.Release(), waits => Waits.Add([.. waits]), Clock, maxOpenRuns);
    }

    public RunSlots Slots { get; }

    public ManualClock Clock { get; } = new();

    /// <summary>What the queue told of each run's start.</summary>
    public List<TimeSpan[]> Waits { get; } = [];

    public Task<int>[] Enqueue(params TestItem[] items) => Enqueue(CancellationToken.None, items);

    public Task<int>[] Enqueue(CancellationToken token, params TestItem[] items) => _queue.Enqueue(items, token);

    /// <summary>The next run that starts.</summary>
    public Task<TestRun> NextRunAsync() => _started.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Finishes the next runs; gives the ids of their items.</summary>
    public async Task<int[][]> FinishRunsAsync(int count)
    {
        int[][] runs = new int[count][];
        for (int i = 0; i < count; i++)
        {
            TestRun run = await NextRunAsync();
            runs[i] = run.Ids;
            run.Finish();
        }
        return runs;
    }

    /// <summary>Waits until all runs have ended and checks that none has started behind the test's back.</summary>
    public async Task DrainAsync()
    {
        await Slots.DrainAsync().WaitAsync(Patience);
        if (_started.Reader.TryRead(out TestRun? run))
            throw new InvalidOperationException($"There was one more run: {string.Join(", ", run.Ids)}.");
    }

    private void Work(Run<TestItem, int> run)
    {
        TestRun controlled = new(run);
        _started.Writer.TryWrite(controlled);
        controlled.Follow();
    }
}
