using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

public sealed class ImageTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("blip images é ");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task From_EverySource_HasTheSameBytes()
    {
        byte[] bytes = GoldenImages.Bytes("scene.jpg");
        string path = Path.Combine(_folder.FullName, "an image.txt");
        await File.WriteAllBytesAsync(path, bytes, Token);
        using MemoryStream stream = new(bytes);

        BlipImage[] images =
        [
            BlipImage.FromFile(path),
            await BlipImage.FromFileAsync(path, cancellationToken: Token),
            BlipImage.FromBytes(bytes),
            await BlipImage.FromStreamAsync(stream, cancellationToken: Token),
        ];

        Assert.All(images, image => Assert.Equal(bytes, image.Data.ToArray()));
        Assert.All(images, image =>
        {
            ImageHeader header = image.ReadHeader();
            Assert.Equal((ImageFormat.Jpeg, 640, 480), (header.Format, header.Width, header.Height));
        });
        Assert.True(stream.CanRead);
    }

    [Theory]
    [InlineData("no.jpg", "There is no file")]
    [InlineData("no/where/a.jpg", "There is no file")]
    [InlineData("folder", "is a directory, not an image")]
    [InlineData("", "is a directory, not an image")]
    public async Task FromFile_NoFile_SaysSo(string name, string says)
    {
        _folder.CreateSubdirectory("folder");
        string path = Path.Combine(_folder.FullName, name);
        BlipException[] errors =
        [
            Assert.Throws<BlipException>(() => BlipImage.FromFile(path)),
            await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromFileAsync(path, cancellationToken: Token)),
        ];
        foreach (BlipException refused in errors)
        {
            Assert.Equal(BlipErrorCode.FileNotFound, refused.Code);
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void FromFile_NoName_IsFileNotFound(string path) =>
        Assert.Equal(BlipErrorCode.FileNotFound, Assert.Throws<BlipException>(() => BlipImage.FromFile(path)).Code);

    [Fact]
    public async Task From_MoreBytesThanAllowed_IsTooLarge()
    {
        ImageLimits limits = new() { MaxBytes = 1000 };
        string path = Path.Combine(_folder.FullName, "large");
        await File.WriteAllBytesAsync(path, new byte[1001], Token);
        using EndlessStream endless = new();
        BlipException[] errors =
        [
            Assert.Throws<BlipException>(() => BlipImage.FromFile(path, limits)),
            Assert.Throws<BlipException>(() => BlipImage.FromBytes(new byte[1001]).ReadHeader(limits)),
            await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromFileAsync(path, limits, Token)),
            await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromStreamAsync(endless, limits, Token)),
        ];
        Assert.All(errors, error => Assert.Equal(BlipErrorCode.ImageTooLarge, error.Code));
        Assert.Equal(1000, (await BlipImage.FromStreamAsync(new MemoryStream(new byte[1000]), limits, Token)).Length);
    }

    [Fact]
    public void FromRgb_Pixels_AreResizedAsTheyAre()
    {
        byte[] rgb = [.. Enumerable.Range(0, 4 * 3 * 3).Select(i => (byte)(i * 7))];
        using PixelTensor pixels = new ImagePreprocessor(4, 3).Process(BlipImage.FromRgb(rgb, 4, 3), Token);
        Assert.Equal(rgb, pixels.Span.ToArray());
        Assert.Throws<ArgumentException>(() => BlipImage.FromRgb(rgb, 4, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlipImage.FromRgb(default, 0, 4));
        ImageLimits limits = new() { MaxPixels = 11 };
        BlipException refused = Assert.Throws<BlipException>(() => BlipImage.FromRgb(rgb, 4, 3).ReadHeader(limits));
        Assert.Equal(BlipErrorCode.TooManyPixels, refused.Code);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}
