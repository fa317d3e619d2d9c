namespace Blip.Scheduling;

/// <summary>
/// One pass of work for several items of several callers. The work completes each member as soon as it has its result. Thread-safe,
/// but for <see cref="Yield"/>.
/// </summary>
#pragma warning disable CA1001 // A caller may cancel at the moment at which the run ends; without a timer there is nothing to free.
internal sealed class Run<TItem, TResult>
#pragma warning restore CA1001
    where TItem : IRunItem
{
    private readonly RunSlots _slots;
    private readonly RunMember<TItem, TResult>[] _members;
    private readonly CancellationTokenSource _unwanted = new();
    private int _left;
    private bool _anyGone;

    /// <param name="slots">One of them is held by the run.</param>
    /// <param name="members">One or more, in the order of their turns.</param>
    public Run(RunSlots slots, IReadOnlyList<RunMember<TItem, TResult>> members)
    {
        _slots = slots;
        _members = [.. members.GroupBy(member => member.Item.Group, ReferenceEqualityComparer.Instance).SelectMany(group => group)];
        _left = _members.Length;
        Items = Array.ConvertAll(_members, member => member.Item);
    }

    /// <summary>The items; those of one group stand side by side. Groups are in the order of their first items.</summary>
    public IReadOnlyList<TItem> Items { get; }

    /// <summary>Cancelled when callers have cancelled and nobody waits for a result any more.</summary>
    public CancellationToken Token => _unwanted.Token;

    /// <summary>As <see cref="Items"/>. For the queue.</summary>
    public IReadOnlyList<RunMember<TItem, TResult>> Members => _members;

    /// <summary>Whether the member's caller has cancelled, so that the work may drop it.</summary>
    public bool IsGone(int index) => _members[index].Result.IsCanceled;

    /// <summary>Gives the member its result at once, while the run continues with the others.</summary>
    /// <returns>False where the caller has cancelled and gets no result.</returns>
    public bool Complete(int index, TResult result) => Leave(_members[index].TryComplete(result));

    /// <summary>Gives the member its error at once, while the run continues with the others. It is not repeated.</summary>
    public void Fail(int index, Exception exception) => Leave(_members[index].TryFail(exception));

    /// <summary>Lets others use the slot between two steps, as <see cref="RunSlots.Yield"/>. The thread of the run calls it.</summary>
    public void Yield() => _slots.Yield();

    /// <summary>Cancels a member. For the queue.</summary>
    public void Cancel(RunMember<TItem, TResult> member)
    {
        if (!member.TryCancel())
            return;
        Volatile.Write(ref _anyGone, true);
        Leave(true);
    }

    private bool Leave(bool isFirst)
    {
        if (isFirst && Interlocked.Decrement(ref _left) == 0 && Volatile.Read(ref _anyGone))
            _unwanted.Cancel();
        return isFirst;
    }
}
