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

        BlipImage[] images = [BlipImage.FromFile(path), await BlipImage.FromFileAsync(path, cancellationToken: Token), BlipImage.FromBytes(bytes), await BlipImage.FromStreamAsync(stream, cancellationToken: Token)];

        Assert.All(images, image => Assert.Equal(bytes, image.Data.ToArray()));
        Assert.All(images, image => Assert.Equal((ImageFormat.Jpeg, 640, 480), (image.ReadHeader().Format, image.ReadHeader().Width, image.ReadHeader().Height)));
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
        foreach (BlipException refused in (BlipException[])[Assert.Throws<BlipException>(() => BlipImage.FromFile(path)), await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromFileAsync(path, cancellationToken: Token))])
        {
            Assert.Equal(BlipErrorCode.FileNotFound, refused.Code);
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void FromFile_NoName_IsFileNotFound(string path) => Assert.Equal(BlipErrorCode.FileNotFound, Assert.Throws<BlipException>(() => BlipImage.FromFile(path)).Code);

    [Fact]
    public async Task From_MoreBytesThanAllowed_IsTooLarge()
    {
        ImageLimits limits = new() { MaxBytes = 1000 };
        string path = Path.Combine(_folder.FullName, "large");
        await File.WriteAllBytesAsync(path, new byte[1001], Token);
        Assert.Equal(BlipErrorCode.ImageTooLarge, Assert.Throws<BlipException>(() => BlipImage.FromFile(path, limits)).Code);
        Assert.Equal(BlipErrorCode.ImageTooLarge, Assert.Throws<BlipException>(() => BlipImage.FromBytes(new byte[1001]).ReadHeader(limits)).Code);
        Assert.Equal(BlipErrorCode.ImageTooLarge, (await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromFileAsync(path, limits, Token))).Code);
        using EndlessStream endless = new();
        Assert.Equal(BlipErrorCode.ImageTooLarge, (await Assert.ThrowsAsync<BlipException>(() => BlipImage.FromStreamAsync(endless, limits, Token))).Code);
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
        Assert.Equal(BlipErrorCode.TooManyPixels, Assert.Throws<BlipException>(() => BlipImage.FromRgb(rgb, 4, 3).ReadHeader(new ImageLimits { MaxPixels = 11 })).Code);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}
