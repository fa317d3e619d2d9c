namespace Blip.Scheduling;

/// <summary>One item of a request, and the task that its caller awaits. The task ends once; who comes later changes nothing.</summary>
/// <param name="request">Its request.</param>
/// <param name="item">The item.</param>
/// <param name="queued">When it began to wait.</param>
internal sealed class RunMember<TItem, TResult>(RunRequest<TItem, TResult> request, TItem item, long queued)
    where TItem : IRunItem
{
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunRequest<TItem, TResult> Request => request;

    public TItem Item => item;

    public Task<TResult> Result => _completion.Task;

    /// <summary>When it began to wait. Changed under the queue's lock, as all that follows.</summary>
    public long Queued { get; private set; } = queued;

    /// <summary>It shares no run, for it was in one that failed.</summary>
    public bool IsAlone { get; private set; }

    /// <summary>The run that it is in; none while it waits.</summary>
    public Run<TItem, TResult>? Run { get; set; }

    /// <summary>Waits again, for a run of its own.</summary>
    public void Repeat(long now) => (Queued, IsAlone, Run) = (now, true, null);

    public bool TryComplete(TResult result) => Settle(_completion.TrySetResult(result));

    public bool TryFail(Exception exception)
    {
        // A caller that cancels never gets an error, and one that does not cancel never gets a cancellation.
        if (request.Token.IsCancellationRequested)
            return TryCancel();
        if (exception is OperationCanceledException)
            exception = new InvalidOperationException("The run was cancelled, but not by its caller. Ask again.", exception);
        bool failed = Settle(_completion.TrySetException(exception));
        // A caller that awaits only some of its tasks leaves no unobserved exception behind.
        _ = _completion.Task.Exception;
        return failed;
    }

    public bool TryCancel() => _completion.TrySetCanceled(request.Token);

    private bool Settle(bool isFirst)
    {
        if (isFirst)
            request.MemberSettled();
        return isFirst;
    }
}
