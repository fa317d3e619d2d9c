using Blip.Imaging;
using Xunit;

namespace Blip.Tests.Imaging;

public sealed class PictureTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("blip pictures é ");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task From_EverySource_HasTheSameBytes()
    {
        byte[] bytes = GoldenImages.Bytes("scene.jpg");
        string path = Path.Combine(_folder.FullName, "a picture.txt");
        await File.WriteAllBytesAsync(path, bytes, Token);
        using MemoryStream stream = new(bytes);

        Picture[] pictures = [Picture.FromFile(path), await Picture.FromFileAsync(path, cancellationToken: Token), Picture.FromBytes(bytes), await Picture.FromStreamAsync(stream, cancellationToken: Token)];

        Assert.All(pictures, picture => Assert.Equal(bytes, picture.Data.ToArray()));
        Assert.All(pictures, picture => Assert.Equal((ImageFormat.Jpeg, 640, 480), (picture.ReadHeader().Format, picture.ReadHeader().Width, picture.ReadHeader().Height)));
        Assert.True(stream.CanRead);
    }

    [Theory]
    [InlineData("no.jpg", "There is no file")]
    [InlineData("no/where/a.jpg", "There is no file")]
    [InlineData("folder", "is a directory, not a picture")]
    [InlineData("", "is a directory, not a picture")]
    public async Task FromFile_NoFile_SaysSo(string name, string says)
    {
        _folder.CreateSubdirectory("folder");
        string path = Path.Combine(_folder.FullName, name);
        foreach (BlipException refused in (BlipException[])[Assert.Throws<BlipException>(() => Picture.FromFile(path)), await Assert.ThrowsAsync<BlipException>(() => Picture.FromFileAsync(path, cancellationToken: Token))])
        {
            Assert.Equal(BlipErrorCode.FileNotFound, refused.Code);
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void FromFile_NoName_IsFileNotFound(string path) => Assert.Equal(BlipErrorCode.FileNotFound, Assert.Throws<BlipException>(() => Picture.FromFile(path)).Code);

    [Fact]
    public async Task From_MoreBytesThanAllowed_IsTooLarge()
    {
        ImageLimits limits = new() { MaxBytes = 1000 };
        string path = Path.Combine(_folder.FullName, "large");
        await File.WriteAllBytesAsync(path, new byte[1001], Token);
        Assert.Equal(BlipErrorCode.ImageTooLarge, Assert.Throws<BlipException>(() => Picture.FromFile(path, limits)).Code);
        Assert.Equal(BlipErrorCode.ImageTooLarge, Assert.Throws<BlipException>(() => Picture.FromBytes(new byte[1001]).ReadHeader(limits)).Code);
        Assert.Equal(BlipErrorCode.ImageTooLarge, (await Assert.ThrowsAsync<BlipException>(() => Picture.FromFileAsync(path, limits, Token))).Code);
        using EndlessStream endless = new();
        Assert.Equal(BlipErrorCode.ImageTooLarge, (await Assert.ThrowsAsync<BlipException>(() => Picture.FromStreamAsync(endless, limits, Token))).Code);
        Assert.Equal(1000, (await Picture.FromStreamAsync(new MemoryStream(new byte[1000]), limits, Token)).Length);
    }

    [Fact]
    public void FromRgb_Pixels_AreResizedAsTheyAre()
    {
        byte[] rgb = [.. Enumerable.Range(0, 4 * 3 * 3).Select(i => (byte)(i * 7))];
        using PixelTensor pixels = new ImagePreprocessor(4, 3).Process(Picture.FromRgb(rgb, 4, 3), Token);
        Assert.Equal(rgb, pixels.Span.ToArray());
        Assert.Throws<ArgumentException>(() => Picture.FromRgb(rgb, 4, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => Picture.FromRgb(default, 0, 4));
        Assert.Equal(BlipErrorCode.TooManyPixels, Assert.Throws<BlipException>(() => Picture.FromRgb(rgb, 4, 3).ReadHeader(new ImageLimits { MaxPixels = 11 })).Code);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);
    }
}
