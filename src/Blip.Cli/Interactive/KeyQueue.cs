using System.Threading.Channels;

namespace Blip.Cli.Interactive;

/// <summary>
/// The keys that a person presses, in order, also those pressed while blip is busy. A read from the terminal cannot be cancelled, so a
/// thread of its own waits for it.
/// </summary>
internal sealed class KeyQueue
{
    private readonly Channel<ConsoleKeyInfo> _keys = Channel.CreateUnbounded<ConsoleKeyInfo>();
    private readonly Lock _gate = new();
    private Action? _interrupted;

    /// <summary>
    /// Says what Ctrl+C does while blip is busy; <see langword="null"/>: it is a key as others are. What was said before is not called any
    /// more afterwards.
    /// </summary>
    public void OnInterrupt(Action? interrupted)
    {
        lock (_gate)
            _interrupted = interrupted;
    }

    public void Start()
    {
        Console.TreatControlCAsInput = true;
        new Thread(Read) { IsBackground = true }.Start();
    }

    /// <returns>The next key; <see langword="null"/> where the terminal is gone.</returns>
    public async Task<ConsoleKeyInfo?> NextAsync(CancellationToken cancellationToken) =>
        await _keys.Reader.WaitToReadAsync(cancellationToken) && _keys.Reader.TryRead(out ConsoleKeyInfo key) ? key : null;

    private bool Interrupt()
    {
        lock (_gate)
        {
            // It may end the work at once, on this thread, which then says that there is nothing to interrupt.
            if (_interrupted is not { } interrupt)
                return false;
            interrupt();
            return true;
        }
    }

    private void Read()
    {
        try
        {
            while (true)
            {
                ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                if (key is not { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control } || !Interrupt())
                    _keys.Writer.TryWrite(key);
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            _keys.Writer.Complete();
        }
    }
}
