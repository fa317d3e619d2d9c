using Blip.Scheduling;
using Xunit;

namespace Blip.Tests.Scheduling;

/// <summary>An item that counts what the queue does with it. It is a group of its own where the test gives none.</summary>
internal sealed class TestItem(int id, int tokens = 1, object? group = null) : IRunItem
{
    private int _releases, _tokenReads;

    public int Id => id;

    public int Tokens
    {
        get
        {
            Interlocked.Increment(ref _tokenReads);
            return tokens;
        }
    }

    public object Group { get; } = group ?? new object();

    public int Releases => Volatile.Read(ref _releases);

    /// <summary>How often the queue has considered the item for a run.</summary>
    public int TokenReads => Volatile.Read(ref _tokenReads);

    public void Release() => Interlocked.Increment(ref _releases);

    public static TestItem[] Range(int first, int count, int tokens = 1, object? group = null) =>
        [.. Enumerable.Range(first, count).Select(id => new TestItem(id, tokens, group))];

    public static void AssertReleasedOnce(IEnumerable<TestItem> items) => Assert.All(items, item => Assert.Equal(1, item.Releases));
}
