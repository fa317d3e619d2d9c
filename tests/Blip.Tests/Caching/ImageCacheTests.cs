using Blip.Caching;
using Blip.Networks;
using Xunit;

namespace Blip.Tests.Caching;

public class ImageCacheTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Get_ManyAtOnce_EncodesOnceAndEachHoldsAReference()
    {
        using ImageCache cache = new(1 << 20);
        TaskCompletionSource<ImageEmbeddings> encoding = new();
        int encodings = 0;
        Task<(ImageEmbeddings Embeddings, bool Encoded)>[] callers = [.. Enumerable.Range(0, 8)
            .Select(_ => cache.GetAsync(Key(1), _ => { encodings++; return encoding.Task; }, None))];
        encoding.SetResult(new ImageEmbeddings(4, 4));
        (ImageEmbeddings Embeddings, bool Encoded)[] results = await Task.WhenAll(callers);
        Assert.Equal(1, encodings);
        Assert.Single(results, r => r.Encoded);
        Assert.Single(results.Select(r => r.Embeddings).Distinct());
        foreach ((ImageEmbeddings embeddings, _) in results)
            embeddings.Release();
        Assert.True(results[0].Embeddings.TryAddReference(), "the cache still holds it");
        results[0].Embeddings.Release();
    }

    [Fact]
    public async Task Get_OverTheLimit_ForgetsTheLongestUnused()
    {
        ImageEmbeddings probe = new(4, 4);
        long size = probe.Bytes;
        probe.Release();
        using ImageCache cache = new(2 * size);
        ImageEmbeddings first = await Encode(cache, 1), second = await Encode(cache, 2);
        Assert.Same(first, await Encode(cache, 1));
        await Encode(cache, 3);
        Assert.Equal(2 * size, cache.Bytes);
        Assert.True(first.TryAddReference());
        first.Release();
        Assert.False(second.TryAddReference(), "it was freed when forgotten");
    }

    [Fact]
    public async Task Cancel_OneOfTwo_TheEncodingGoesOn_BothGone_ItStops()
    {
        using ImageCache cache = new(1 << 20);
        using CancellationTokenSource one = new(), two = new();
        CancellationToken encodeToken = default;
        TaskCompletionSource<ImageEmbeddings> encoding = new();
        Task first = cache.GetAsync(Key(1), token => { encodeToken = token; return encoding.Task; }, one.Token);
        Task second = cache.GetAsync(Key(1), _ => throw new InvalidOperationException("a second encoding"), two.Token);
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(encodeToken.IsCancellationRequested);
        await two.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.True(encodeToken.IsCancellationRequested);

        // The encoding finished all the same: nobody wants it, and whoever comes now has one of its own.
        ImageEmbeddings late = new(4, 4);
        encoding.SetResult(late);
        ImageEmbeddings own = await Encode(cache, 1);
        Assert.NotSame(late, own);
    }

    [Fact]
    public async Task Encode_Fails_EveryCallerLearnsAndTheNextTriesAgain()
    {
        using ImageCache cache = new(1 << 20);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            cache.GetAsync(Key(1), _ => Task.FromException<ImageEmbeddings>(new InvalidOperationException()), None));
        await Encode(cache, 1);
    }

    [Fact]
    public async Task Get_LargerThanTheCache_IsGivenButNotKept()
    {
        using ImageCache cache = new(0);
        (ImageEmbeddings embeddings, _) = await cache.GetAsync(Key(1), _ => Task.FromResult(new ImageEmbeddings(4, 4)), None);
        Assert.Equal(0, cache.Bytes);
        embeddings.Release();
        Assert.False(embeddings.TryAddReference());
    }

    private static PixelKey Key(ulong n) => new(n, n);

    private static async Task<ImageEmbeddings> Encode(ImageCache cache, ulong key)
    {
        (ImageEmbeddings embeddings, _) = await cache.GetAsync(Key(key), _ => Task.FromResult(new ImageEmbeddings(4, 4)), None);
        embeddings.Release();
        return embeddings;
    }
}
