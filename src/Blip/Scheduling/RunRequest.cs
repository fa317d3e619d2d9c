namespace Blip.Scheduling;

/// <summary>
/// The items of one call, in their order, and which of them still wait. Used under the queue's lock where nothing else is said.
/// </summary>
internal sealed class RunRequest<TItem, TResult>
    where TItem : IRunItem
{
    private readonly RunMember<TItem, TResult>[] _members;
    private readonly Queue<RunMember<TItem, TResult>> _repeats = new();
    private CancellationTokenRegistration _registration;
    private int _next;
    private int _unsettled;

    /// <param name="items">One or more.</param>
    /// <param name="now">When they begin to wait.</param>
    /// <param name="token">The caller's.</param>
    public RunRequest(IReadOnlyList<TItem> items, long now, CancellationToken token)
    {
        Token = token;
        Node = new LinkedListNode<RunRequest<TItem, TResult>>(this);
        _members = new RunMember<TItem, TResult>[_unsettled = items.Count];
        for (int i = 0; i < _members.Length; i++)
            _members[i] = new RunMember<TItem, TResult>(this, items[i], now);
    }

    /// <summary>Its place among the requests that have waiting items.</summary>
    public LinkedListNode<RunRequest<TItem, TResult>> Node { get; }

    public CancellationToken Token { get; }

    /// <summary>Its caller has cancelled.</summary>
    public bool IsGone { get; private set; }

    /// <summary>All items, whatever became of them. Needs no lock.</summary>
    public IReadOnlyList<RunMember<TItem, TResult>> Members => _members;

    public bool HasWaiting => _repeats.Count > 0 || _next < _members.Length;

    /// <summary>The first that waits. Those that are repeated go before the later ones.</summary>
    public RunMember<TItem, TResult> First => _repeats.TryPeek(out RunMember<TItem, TResult>? repeat) ? repeat : _members[_next];

    /// <summary>One registration for all items keeps large requests cheap. Called before the queue knows the request.</summary>
    public void Watch(Action<RunRequest<TItem, TResult>> cancelled) => _registration = Token.UnsafeRegister(_ => cancelled(this), null);

    /// <summary>The first that waits, which waits no more.</summary>
    public RunMember<TItem, TResult> TakeFirst() =>
        _repeats.TryDequeue(out RunMember<TItem, TResult>? repeat) ? repeat : _members[_next++];

    public void Repeat(RunMember<TItem, TResult> member, long now)
    {
        member.Repeat(now);
        _repeats.Enqueue(member);
    }

    /// <summary>Marks the request as gone; gives those that wait, which the queue asks for no more.</summary>
    public List<RunMember<TItem, TResult>> Go()
    {
        IsGone = true;
        return [.. _repeats, .. _members.AsSpan(_next)];
    }

    /// <summary>Needs no lock.</summary>
    public void MemberSettled()
    {
        // Disposing the registration instead would wait for a callback that is at work.
        if (Interlocked.Decrement(ref _unsettled) == 0)
            _registration.Unregister();
    }
}
