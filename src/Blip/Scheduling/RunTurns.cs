namespace Blip.Scheduling;

/// <summary>
/// The requests that have waiting items. They take turns: a run takes one item of each, round after round, and the next run goes on
/// where it stopped. An item costs the same time however many wait. Not thread-safe.
/// </summary>
/// <param name="limits">How much a run takes.</param>
internal sealed class RunTurns<TItem, TResult>(RunLimits limits)
    where TItem : IRunItem
{
    private readonly LinkedList<RunRequest<TItem, TResult>> _requests = [];

    public bool IsEmpty => _requests.Count == 0;

    /// <summary>Puts a request at the end, unless it is here.</summary>
    public void Add(RunRequest<TItem, TResult> request)
    {
        if (request.Node.List is null)
            _requests.AddLast(request.Node);
    }

    public void Remove(RunRequest<TItem, TResult> request)
    {
        if (request.Node.List is not null)
            _requests.Remove(request.Node);
    }

    /// <summary>The items of the next run; none where nothing waits.</summary>
    public List<RunMember<TItem, TResult>> TakeRun()
    {
        List<RunMember<TItem, TResult>> taken = [];
        List<LinkedListNode<RunRequest<TItem, TResult>>> passed = [];
        int tokens = 0;
        // Passing by a limited number of requests keeps the search short when nothing fits.
        while (_requests.First is { } node && taken.Count < limits.MaxItems && tokens < limits.MaxTokens && passed.Count < limits.MaxItems)
        {
            _requests.RemoveFirst();
            RunMember<TItem, TResult> first = node.Value.First;
            int cost = first.Item.Tokens;
            if (taken.Count > 0 && (first.IsAlone || cost > limits.MaxTokens - tokens))
            {
                passed.Add(node);
                continue;
            }
            taken.Add(node.Value.TakeFirst());
            tokens += cost;
            if (node.Value.HasWaiting)
                _requests.AddLast(node);
            if (first.IsAlone)
                break;
        }
        // A request that did not fit is first in the next run: smaller items cannot overtake it again and again.
        for (int i = passed.Count - 1; i >= 0; i--)
            _requests.AddFirst(passed[i]);
        return taken;
    }
}
