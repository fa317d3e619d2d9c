using Blip.Images;
using Blip.Skia;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>What is known of an image is not worked out again.</summary>
public sealed class DecodeOnceTests
{
    [Fact]
    public async Task Ask_SameObjectAgain_DecodesOnce_OtherObjectOfTheSameBytes_EncodesOnce()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        CountingDecoder decoder = new();
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { Decoder = decoder }, stop);
        byte[] file = await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg"), stop);
        BlipImage image = BlipImage.FromBytes(file), equal = BlipImage.FromBytes(file.ToArray());

        Answer first = await model.AskAsync(image, "is there a cat?", cancellationToken: stop);
        Answer again = await model.AskAsync(image, "is there a cat?", cancellationToken: stop);
        using (EncodedImage encoded = await model.EncodeAsync(image, stop))
            Assert.Equal((null, null), (encoded.Timing.Decode, encoded.Timing.Vision));
        Assert.Equal(1, decoder.Count);
        Assert.NotNull(first.Timing.Decode);
        Assert.Null(again.Timing.Decode);

        Answer other = await model.AskAsync(equal, "is there a cat?", cancellationToken: stop);
        Assert.Equal(2, decoder.Count);
        Assert.NotNull(other.Timing.Decode);
        Assert.Null(other.Timing.Vision);
        Assert.Equal(first.TokenIds, other.TokenIds);
    }

    private sealed class CountingDecoder : IImageDecoder
    {
        private readonly SkiaImageDecoder _decoder = new();
        private int _count;

        public int Count => _count;

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            _decoder.Decode(data, header, rows, cancellationToken);
        }
    }
}
