using Blip.Inference;
using Xunit;

namespace Blip.Tests.Inference;

public class MemoryCacheTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Get_ManyAtOnce_LooksOnceAndEachHoldsAReference()
    {
        using MemoryCache cache = new(1 << 20);
        TaskCompletionSource<PictureMemory> looking = new();
        int looks = 0;
        Task<(PictureMemory Memory, bool Looked)>[] callers = [.. Enumerable.Range(0, 8).Select(_ => cache.GetAsync(Key(1), _ => { looks++; return looking.Task; }, None))];
        looking.SetResult(new PictureMemory(4, 4));
        (PictureMemory Memory, bool Looked)[] results = await Task.WhenAll(callers);
        Assert.Equal(1, looks);
        Assert.Single(results, r => r.Looked);
        Assert.Single(results.Select(r => r.Memory).Distinct());
        foreach ((PictureMemory memory, _) in results)
            memory.Release();
        Assert.True(results[0].Memory.TryAddReference(), "the cache still holds it");
        results[0].Memory.Release();
    }

    [Fact]
    public async Task Get_OverTheLimit_ForgetsTheLongestUnused()
    {
        PictureMemory probe = new(4, 4);
        long size = probe.Bytes;
        probe.Release();
        using MemoryCache cache = new(2 * size);
        PictureMemory first = await Look(cache, 1), second = await Look(cache, 2);
        Assert.Same(first, await Look(cache, 1));
        await Look(cache, 3);
        Assert.Equal(2 * size, cache.Bytes);
        Assert.True(first.TryAddReference());
        first.Release();
        Assert.False(second.TryAddReference(), "it was freed when forgotten");
    }

    [Fact]
    public async Task Cancel_OneOfTwo_TheLookGoesOn_BothGone_ItStops()
    {
        using MemoryCache cache = new(1 << 20);
        using CancellationTokenSource one = new(), two = new();
        CancellationToken lookToken = default;
        TaskCompletionSource<PictureMemory> looking = new();
        Task first = cache.GetAsync(Key(1), token => { lookToken = token; return looking.Task; }, one.Token);
        Task second = cache.GetAsync(Key(1), _ => throw new InvalidOperationException("a second look"), two.Token);
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(lookToken.IsCancellationRequested);
        await two.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.True(lookToken.IsCancellationRequested);

        // The look finished all the same: nobody wants it, and whoever comes now has one of its own.
        PictureMemory late = new(4, 4);
        looking.SetResult(late);
        PictureMemory own = await Look(cache, 1);
        Assert.NotSame(late, own);
    }

    [Fact]
    public async Task Look_Fails_EveryCallerLearnsAndTheNextTriesAgain()
    {
        using MemoryCache cache = new(1 << 20);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.GetAsync(Key(1), _ => Task.FromException<PictureMemory>(new InvalidOperationException()), None));
        await Look(cache, 1);
    }

    [Fact]
    public async Task Get_LargerThanTheCache_IsGivenButNotKept()
    {
        using MemoryCache cache = new(0);
        (PictureMemory memory, _) = await cache.GetAsync(Key(1), _ => Task.FromResult(new PictureMemory(4, 4)), None);
        Assert.Equal(0, cache.Bytes);
        memory.Release();
        Assert.False(memory.TryAddReference());
    }

    private static PixelKey Key(ulong n) => new(n, n);

    private static async Task<PictureMemory> Look(MemoryCache cache, ulong key)
    {
        (PictureMemory memory, _) = await cache.GetAsync(Key(key), _ => Task.FromResult(new PictureMemory(4, 4)), None);
        memory.Release();
        return memory;
    }
}
