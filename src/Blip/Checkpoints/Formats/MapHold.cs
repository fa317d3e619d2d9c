using System.Runtime.InteropServices;

namespace Blip.Checkpoints;

/// <summary>
/// Keeps a file mapped while its bytes are read: if the file is disposed meanwhile, it is unmapped when the last hold ends.
/// </summary>
internal readonly ref struct MapHold : IDisposable
{
    private readonly SafeHandle _map;

    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public MapHold(SafeHandle map)
    {
        bool held = false;
        try
        {
            map.DangerousAddRef(ref held);
        }
        catch (ObjectDisposedException)
        {
            // The handle names itself, which callers do not know.
            throw new ObjectDisposedException(typeof(Checkpoint).FullName);
        }
        _map = map;
    }

    public void Dispose() => _map.DangerousRelease();
}
