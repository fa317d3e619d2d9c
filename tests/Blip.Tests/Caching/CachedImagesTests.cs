using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests.Caching;

/// <summary>
/// A model's cache under many questions: what it counts is what the images take, and keys and values cost no image its place.
/// </summary>
public sealed class CachedImagesTests : IDisposable
{
    private const int Images = 8, Projections = 2;
    private const long EmbeddingBytes = 145 * 192 * sizeof(float), ProjectionBytes = 2 * 4 * EmbeddingBytes;

    // Enough for keys and values to pay.
    private static readonly string[] Many = [.. Enumerable.Repeat("how many dogs are in the picture?", 7)];
    private static readonly AskOptions Short = new() { MaxNewTokens = 1 };

    private readonly ModelMeter _meter = new();
    private readonly BlipImage[] _images = [.. Enumerable.Range(0, Images).Select(seed => NewImage(seed))];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _meter.Dispose();

    [Fact]
    public async Task Ask_RoomForAllImagesButNotForTheirKeysAndValues_EncodesNoneTwice()
    {
        const long Room = (Images * EmbeddingBytes) + (Projections * ProjectionBytes);
        await using BlipModel model = await LoadAsync(Room);
        for (int round = 0; round < 2; round++)
        {
            foreach (BlipImage image in _images)
            {
                Answer[] answers = await model.AskAsync(image, Many, Short, Stop);
                Assert.Equal(round == 0, answers[0].Timing.Vision is not null);
                Assert.InRange(model.Cache.Bytes, EmbeddingBytes, Room);
            }
        }
        Assert.Equal((Room, Projections * ProjectionBytes), (model.Cache.Bytes, model.Cache.ProjectedBytes));
        Assert.Equal(Room, NativeBytes());
    }

    [Fact]
    public async Task Bytes_OthersAskAndKeysAndValuesGo_AreWhatTheImageTakes()
    {
        await using BlipModel model = await LoadAsync((Images * EmbeddingBytes) + ProjectionBytes);
        using EncodedImage encoded = await model.EncodeAsync(_images[0], Stop);
        Assert.Equal(EmbeddingBytes, encoded.Bytes);
        await model.AskAsync(_images[0], Many, Short, Stop);
        Assert.Equal(EmbeddingBytes + ProjectionBytes, encoded.Bytes);
        Assert.Equal(NativeBytes(), encoded.Bytes);
        await model.AskAsync(_images[1], Many, Short, Stop);
        Assert.Equal(EmbeddingBytes, encoded.Bytes);
        Assert.Equal((NativeBytes(), NativeBytes()), (model.Cache.Bytes, (2 * EmbeddingBytes) + ProjectionBytes));
        encoded.Dispose();
        Assert.Equal(0, encoded.Bytes);
    }

    [Fact]
    public async Task Bytes_CallerLeavesWhileKeysAndValuesAreMade_AreCountedAllTheSame()
    {
        await using BlipModel model = await LoadAsync(Images * (EmbeddingBytes + ProjectionBytes));
        for (int i = 0; i < Images; i++)
        {
            using EncodedImage encoded = await model.EncodeAsync(_images[i], Stop);
            using CancellationTokenSource caller = new();
            _meter.NativeBytesChange = bytes =>
            {
                if (bytes == ProjectionBytes)
                    caller.Cancel();
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.AskAsync(encoded, Many, cancellationToken: caller.Token));
            _meter.NativeBytesChange = null;
            // The run was ended; the next one begins after it.
            await model.AskAsync(encoded, "is there a cat?", Short, Stop);
            Assert.Equal(EmbeddingBytes + ProjectionBytes, encoded.Bytes);
            Assert.Equal((i + 1) * encoded.Bytes, model.Cache.Bytes);
            Assert.Equal(NativeBytes(), model.Cache.Bytes);
        }
    }

    private static BlipImage NewImage(int seed)
    {
        byte[] pixels = new byte[64 * 64 * 3];
        new Random(seed).NextBytes(pixels);
        return BlipImage.FromRgb(pixels, 64, 64);
    }

    private Task<BlipModel> LoadAsync(long cacheBytes) => BlipModel.LoadAsync(
        new BlipOptions { Device = BlipDevice.Cpu, Precision = BlipPrecision.Fp32, ImageCacheBytes = cacheBytes },
        new BlipServices { MeterFactory = _meter }, Stop);

    private long NativeBytes() => (long)_meter.Values(ModelMeter.NativeBytes).Sum();
}
