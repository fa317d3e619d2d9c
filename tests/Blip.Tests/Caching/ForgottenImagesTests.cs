using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests.Caching;

/// <summary>Encoded images that nobody disposes give their native memory back with the collector.</summary>
[Trait("Category", "Long")]
public sealed class ForgottenImagesTests
{
    private const int Images = 400, MostCollections = 20;

    [Fact]
    public async Task Encode_400ImagesNeverDisposed_TheirMemoryComesBack()
    {
        using ModelMeter meter = new();
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu, ImageCacheBytes = 0 }, new BlipServices { MeterFactory = meter });
        long taken = await EncodeAsync(model);
        Assert.NotEqual(0, taken);
        // Leaves the stack of the method above, where the last image is still a variable.
        await Task.Yield();
        for (int i = 0; i < MostCollections && NativeBytes() > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Equal(0, NativeBytes());
        Assert.True(meter.Values(ModelMeter.NativeBytes).Where(bytes => bytes > 0).Sum() >= Images * taken);

        long NativeBytes() => (long)meter.Values(ModelMeter.NativeBytes).Sum();
    }

    /// <summary>A method of its own, so that no variable of the test keeps an image.</summary>
    private static async Task<long> EncodeAsync(BlipModel model)
    {
        byte[] pixels = new byte[3];
        long bytes = 0;
        for (int i = 0; i < Images; i++)
        {
            pixels[i % 3]++;
            bytes = (await model.EncodeAsync(BlipImage.FromRgb(pixels.ToArray(), 1, 1), TestContext.Current.CancellationToken)).Bytes;
        }
        return bytes;
    }
}
