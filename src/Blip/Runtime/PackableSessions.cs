using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>
/// A network's sessions, which others with packed weights may replace while they run. The packed weights are shared by all of them.
/// Thread-safe.
/// </summary>
/// <typeparam name="T">The sessions.</typeparam>
internal sealed class PackableSessions<T> : IDisposable
    where T : class, ISessionSet
{
    private readonly Func<bool, PrePackedWeightsContainer, T> _create;
    private readonly PrePackedWeightsContainer _packed = new();
    private volatile T _current;
    private T? _replaced;

    /// <param name="create">Describes the sessions, with packed weights or without, and where what is packed is shared.</param>
    public PackableSessions(Func<bool, PrePackedWeightsContainer, T> create)
    {
        _create = create;
        _current = create(false, _packed);
    }

    /// <summary>The sessions to run. A run takes them once and stays with them.</summary>
    public T Current => _current;

    /// <summary>Makes the sessions again with packed weights, which takes seconds, and puts them in the place of the others.</summary>
    public void Pack()
    {
        if (_replaced is not null)
            return;
        T packed = _create(true, _packed);
        try
        {
            packed.Prepare();
        }
        catch
        {
            packed.Dispose();
            throw;
        }
        // Runs may be under way in the others; they take next to no memory and go at the end.
        (_replaced, _current) = (_current, packed);
    }

    public void Dispose()
    {
        _current.Dispose();
        _replaced?.Dispose();
        _packed.Dispose();
    }
}
