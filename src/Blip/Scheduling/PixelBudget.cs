namespace Blip.Scheduling;

/// <summary>
/// Bounds the decoded pixels in flight. Who does not fit waits in order; an image larger than the whole budget passes when it is
/// alone. Thread-safe.
/// </summary>
internal sealed class PixelBudget(long pixels)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(long Pixels, TaskCompletionSource Turn)> _waiting = [];
    private long _inFlight;

    public async Task EnterAsync(long wanted, CancellationToken cancellationToken)
    {
        LinkedListNode<(long Pixels, TaskCompletionSource Turn)> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(wanted))
            {
                _inFlight += wanted;
                return;
            }
            node = _waiting.AddLast((wanted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => Abandon(node, cancellationToken), null);
        await node.Value.Turn.Task.ConfigureAwait(false);
    }

    public void Leave(long taken)
    {
        lock (_gate)
        {
            _inFlight -= taken;
            Admit();
        }
    }

    private bool Fits(long wanted) => _inFlight == 0 || _inFlight + wanted <= pixels;

    private void Admit()
    {
        while (_waiting.First is { } next && Fits(next.Value.Pixels))
        {
            _waiting.RemoveFirst();
            _inFlight += next.Value.Pixels;
            next.Value.Turn.SetResult();
        }
    }

    private void Abandon(LinkedListNode<(long Pixels, TaskCompletionSource Turn)> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
            // A large image that gave up may have stood before small ones that fit.
            Admit();
        }
        node.Value.Turn.SetCanceled(cancellationToken);
    }
}
