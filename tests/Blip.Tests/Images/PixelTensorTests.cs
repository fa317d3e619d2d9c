using Blip.Images;
using Blip.ImageSharp;
using Blip.Skia;
using Xunit;

namespace Blip.Tests.Images;

[Collection(nameof(PixelMemory))]
public class PixelTensorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Process_SuccessOrError_ReleasesItsBuffers()
    {
        ImageOptions turn = new();
        new ImagePreprocessor(64, 64, turn).Process(BlipImage.FromFile(GoldenImages.PathOf("exif-6.jpg")), Token).Dispose();
        new ImagePreprocessor(64, 64).Process(BlipImage.FromFile(GoldenImages.PathOf("rgba.png")), Token).Dispose();
        foreach (int rows in (int[])[0, 100, 1000])
        {
            ImagePreprocessor bad = new(64, 64, turn, new BadDecoder(rows));
            foreach (string name in (string[])["exif-6.jpg", "rgba.png", "transparent.gif"])
                Assert.ThrowsAny<Exception>(() => bad.Process(BlipImage.FromFile(GoldenImages.PathOf(name)), Token));
        }
        BlipImage scene = BlipImage.FromFile(GoldenImages.PathOf("scene.jpg"));
        Assert.Throws<OperationCanceledException>(
            () => new ImagePreprocessor(64, 64).Process(scene, new CancellationToken(canceled: true)));
        Assert.Equal(0, PixelBuffer.Live);
    }

    [Fact]
    public void Process_CancelledWhileDecoding_Stops()
    {
        using CancellationTokenSource source = new();
        ImagePreprocessor preprocessor = new(64, 64, decoder: new CancellingDecoder(source));
        BlipImage scene = BlipImage.FromFile(GoldenImages.PathOf("scene.jpg"));
        Assert.Throws<OperationCanceledException>(() => preprocessor.Process(scene, source.Token));
        Assert.Equal(0, PixelBuffer.Live);
    }

    [Fact]
    public void CopyPixelValues_Pixels_AreScaledByChannel()
    {
        using PixelTensor pixels = new ImagePreprocessor(2, 1).Process(BlipImage.FromRgb((byte[])[0, 51, 255, 102, 153, 204], 2, 1), Token);
        float[] values = new float[6];
        pixels.CopyPixelValues(values, 1 / 255.0, [0.5f, 0.2f, 0], [0.5f, 0.4f, 2]);
        Assert.Equal([-1, -0.2f, 0, 1, 0.5f, 0.4f], values, (a, b) => Math.Abs(a - b) < 1e-6f);
        Assert.Throws<ArgumentException>(() => pixels.CopyPixelValues(values.AsSpan(1), 1, [0, 0, 0], [1, 1, 1]));
    }

    [Fact]
    public void WritePng_Pixels_ComeBack()
    {
        using PixelTensor pixels = new ImagePreprocessor(96, 64).Process(BlipImage.FromFile(GoldenImages.PathOf("scene.jpg")), Token);
        using MemoryStream png = new();
        pixels.WritePng(png);
        Assert.Equal(pixels.Span.ToArray(), RgbCollector.Decode(png.ToArray()));
    }

    [Fact]
    public void Span_AfterDispose_Throws()
    {
        PixelTensor pixels = new ImagePreprocessor(2, 2).Process(BlipImage.FromRgb(new byte[12], 2, 2), Token);
        pixels.Dispose();
        pixels.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pixels.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => pixels.Memory);
    }

    private sealed class BadDecoder(int rows) : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows target, CancellationToken cancellationToken)
        {
            for (int y = 0; y < rows; y++)
                target.Write(new byte[header.Width * 4]);
        }
    }

    private sealed class CancellingDecoder(CancellationTokenSource source) : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            source.Cancel();
            new SkiaImageDecoder().Decode(data, header, rows, cancellationToken);
        }
    }
}
