using System.Threading.Channels;

namespace Blip.Cli.Interactive;

/// <summary>
/// The keys that a person presses, in order, also those pressed while blip is busy. A read from the terminal cannot be cancelled, so a
/// thread of its own waits for it.
/// </summary>
internal sealed class KeyQueue
{
    private readonly Channel<ConsoleKeyInfo> _keys = Channel.CreateUnbounded<ConsoleKeyInfo>();

    /// <summary>What Ctrl+C does while blip is busy; <see langword="null"/>: it is a key as others are.</summary>
    public Action? Interrupted { get; set; }

    public void Start()
    {
        Console.TreatControlCAsInput = true;
        new Thread(Read) { IsBackground = true }.Start();
    }

    /// <returns>The next key; <see langword="null"/> where the terminal is gone.</returns>
    public async Task<ConsoleKeyInfo?> NextAsync(CancellationToken cancellationToken) =>
        await _keys.Reader.WaitToReadAsync(cancellationToken) && _keys.Reader.TryRead(out ConsoleKeyInfo key) ? key : null;

    private void Read()
    {
        try
        {
            while (true)
            {
                ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                if (Interrupted is { } interrupt && key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                    interrupt();
                else
                    _keys.Writer.TryWrite(key);
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            _keys.Writer.Complete();
        }
    }
}
