namespace Blip.Runtime;

/// <summary>A session that is made when it is first needed. If making it fails, the next caller tries again. Thread-safe.</summary>
internal sealed class LazySession(Func<GraphSession> create) : IDisposable
{
    private readonly Lock _gate = new();
    private GraphSession? _session;

    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public GraphSession Value
    {
        get
        {
            if (Volatile.Read(ref _session) is { } made)
                return made;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(IsDisposed, this);
                return _session ??= create();
            }
        }
    }

    private bool IsDisposed { get; set; }

    public void Dispose()
    {
        lock (_gate)
        {
            IsDisposed = true;
            _session?.Dispose();
        }
    }
}
