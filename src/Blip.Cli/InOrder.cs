using System.Runtime.CompilerServices;

namespace Blip.Cli;

/// <summary>Works on several items side by side and gives the results in the items' order.</summary>
internal static class InOrder
{
    /// <param name="items">The items.</param>
    /// <param name="window">The most items that are begun and not given yet.</param>
    /// <param name="work">The work on one. An exception from it ends everything.</param>
    /// <param name="cancellationToken">Ends all.</param>
    public static async IAsyncEnumerable<TResult> RunAsync<TItem, TResult>(
        IEnumerable<TItem> items, int window, Func<TItem, CancellationToken, Task<TResult>> work,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Queue<Task<TResult>> underWay = [];
        try
        {
            foreach (TItem item in items)
            {
                if (underWay.Count == window)
                    yield return await underWay.Dequeue();
                // Off this thread: opening a file may block.
                underWay.Enqueue(Task.Run(() => work(item, stop.Token), stop.Token));
            }
            while (underWay.TryDequeue(out Task<TResult>? next))
                yield return await next;
        }
        finally
        {
            // The model is disposed after this: nothing may still use it.
            await stop.CancelAsync();
            foreach (Task<TResult> left in underWay)
                await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
