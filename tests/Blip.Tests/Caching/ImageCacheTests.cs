using Blip.Caching;
using Blip.Networks;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Blip.Tests.Caching;

public class ImageCacheTests
{
    // Of the images that the tests encode, and of the keys and values that they make.
    private const long Image = 4 * 4 * sizeof(float), KeysAndValues = FakeProjection.Floats * sizeof(float);

    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly object Encoder = new();

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

    [Fact]
    public async Task Project_RoomIsShort_KeysAndValuesOfTheLongestUnusedGo_AndEveryImageStays()
    {
        using ImageCache cache = new((3 * Image) + (2 * KeysAndValues));
        ImageEmbeddings first = await Encode(cache, 1), second = await Encode(cache, 2), third = await Encode(cache, 3);
        Project(first);
        Project(second);
        Assert.Same(first, await Encode(cache, 1));
        Project(third);
        Assert.Equal([KeysAndValues, 0, KeysAndValues], [first.ProjectedBytes, second.ProjectedBytes, third.ProjectedBytes]);
        Assert.Equal([first, second, third], [await Encode(cache, 1), await Encode(cache, 2), await Encode(cache, 3)]);
        Assert.Equal(((3 * Image) + (2 * KeysAndValues), 2 * KeysAndValues), (cache.Bytes, cache.ProjectedBytes));
    }

    [Fact]
    public async Task Get_RoomIsShort_KeysAndValuesGoBeforeImages()
    {
        using ImageCache cache = new((2 * Image) + KeysAndValues);
        ImageEmbeddings first = await Encode(cache, 1);
        Project(first);
        ImageEmbeddings second = await Encode(cache, 2), third = await Encode(cache, 3);
        Assert.Equal(0, first.ProjectedBytes);
        Assert.Equal([first, second, third], [await Encode(cache, 1), await Encode(cache, 2), await Encode(cache, 3)]);
        Assert.Equal((3 * Image, 0), (cache.Bytes, cache.ProjectedBytes));
    }

    [Fact]
    public async Task Project_LargerThanTheCache_IsNotDone()
    {
        using ImageCache cache = new(Image + KeysAndValues - 1);
        ImageEmbeddings image = await Encode(cache, 1);
        Assert.Null(image.Project(Encoder, 1, 1, KeysAndValues, _ => throw new InvalidOperationException("It was projected.")));
        Assert.Equal((Image, 0), (cache.Bytes, image.ProjectedBytes));
    }

    [Fact]
    public async Task Project_TooFewTokens_WaitsUntilTheyPay_AndAgainAfterItWasGivenUp()
    {
        using ImageCache cache = new(Image + KeysAndValues);
        ImageEmbeddings image = await Encode(cache, 1);
        int projected = 0;
        for (int round = 1; round <= 2; round++)
        {
            Assert.Null(Ask());
            Ask()?.Dispose();
            Ask()?.Dispose();
            Assert.Equal((round, KeysAndValues), (projected, image.ProjectedBytes));
            image.DropProjection();
        }

        Projection? Ask() => image.Project(Encoder, 5, 10, KeysAndValues, _ =>
        {
            projected++;
            return new FakeProjection();
        });
    }

    [Fact]
    public async Task Project_GivenUpWhileItIsRead_StaysUntilItsReaderIsDone()
    {
        using ImageCache cache = new(1 << 20);
        ImageEmbeddings image = await Encode(cache, 1);
        FakeProjection made = new();
        using (Projection? read = image.Project(Encoder, 1, 1, KeysAndValues, _ => made))
        {
            image.DropProjection();
            Assert.NotNull(read);
            Assert.False(made.IsDisposed);
        }
        Assert.True(made.IsDisposed);
    }

    [Fact]
    public async Task Project_ImageGoneFromTheCache_IsNotCounted()
    {
        List<(long Bytes, long Projected)> changes = [];
        using ImageCache cache = new(2 * Image, (bytes, projected) => changes.Add((bytes, projected)));
        ImageEmbeddings first = (await cache.GetAsync(Key(1), _ => Task.FromResult(new ImageEmbeddings(4, 4)), None)).Embeddings;
        await Encode(cache, 2);
        await Encode(cache, 3);
        Project(first);
        Assert.Equal(Image + KeysAndValues, first.Bytes);
        Assert.Equal((2 * Image, 0), (cache.Bytes, cache.ProjectedBytes));
        Assert.Equal((cache.Bytes, cache.ProjectedBytes), (changes.Sum(c => c.Bytes), changes.Sum(c => c.Projected)));
        first.Release();
    }

    [Fact]
    public async Task Project_OfAnotherEncoder_IsNotRead()
    {
        using ImageCache cache = new(1 << 20);
        ImageEmbeddings image = await Encode(cache, 1);
        Project(image);
        Assert.Null(image.Project(new object(), 1, 1, KeysAndValues, _ => throw new InvalidOperationException("It was projected again.")));
        using Projection? own = image.Project(Encoder, 1, 1, KeysAndValues, _ => throw new InvalidOperationException("It was made anew."));
        Assert.NotNull(own);
    }

    private static void Project(ImageEmbeddings image) => image.Project(Encoder, 1, 1, KeysAndValues, _ => new FakeProjection())?.Dispose();

    private static PixelKey Key(ulong n) => new(n, n);

    private static async Task<ImageEmbeddings> Encode(ImageCache cache, ulong key)
    {
        (ImageEmbeddings embeddings, _) = await cache.GetAsync(Key(key), _ => Task.FromResult(new ImageEmbeddings(4, 4)), None);
        embeddings.Release();
        return embeddings;
    }

    /// <summary>Keys and values without a network.</summary>
    private sealed class FakeProjection : List<OrtValue>, IDisposableReadOnlyCollection<OrtValue>
    {
        public const int Floats = 100;

        public FakeProjection() => Add(OrtValue.CreateTensorValueFromMemory(new float[Floats], [Floats]));

        public bool IsDisposed { get; private set; }

        public void Dispose()
        {
            IsDisposed = true;
            this[0].Dispose();
        }
    }
}
