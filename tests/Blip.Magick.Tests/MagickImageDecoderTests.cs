using System.Text;
using System.Text.Json;
using Blip.AI;
using Blip.Images;
using Blip.Tests;
using ImageMagick;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Magick.Tests;

/// <summary>Reads HEIC, AVIF, TIFF and JPEG XL, and compares them with the same picture in a format that Blip reads itself.</summary>
public class MagickImageDecoderTests
{
    private static readonly MagickFormat[] Formats = [MagickFormat.Tiff, MagickFormat.Jxl, MagickFormat.Avif];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddMagick_SameSceneInEveryFormat_HasTheSameAnswers()
    {
        await using ServiceProvider provider = new ServiceCollection().AddBlipAndMagick().BuildServiceProvider();
        BlipModel model = await provider.GetRequiredService<BlipService>().GetModelAsync(cancellationToken: Token);
        using JsonDocument samples = JsonDocument.Parse(await File.ReadAllBytesAsync(TestPaths.Sample("samples.json"), Token));
        byte[] jpeg = await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg"), Token);
        Files.Picture stored = Files.Stored(jpeg);
        byte[][] files = [jpeg, Files.Heic("dogs.heic"), .. Formats.Select(format => Files.Write(stored, format))];
        Assert.Equal(
            [ImageFormat.Jpeg, ImageFormat.Heic, ImageFormat.Tiff, ImageFormat.JpegXl, ImageFormat.Avif],
            files.Select(f => BlipImage.FromBytes(f).ReadHeader(decoder: Pixels.Decoder).Format));
        foreach (byte[] file in files)
            foreach (JsonElement sample in samples.RootElement.GetProperty("dogs.jpg").EnumerateArray())
            {
                string question = sample.GetProperty("question").GetString()!;
                Answer answer = await model.AskAsync(BlipImage.FromBytes(file), question, cancellationToken: Token);
                Assert.Equal(sample.GetProperty("answer").GetString(), answer.Text);
            }
    }

    [Fact]
    public async Task AskImage_HeicInADataUri_IsReadByTheTools()
    {
        await using ServiceProvider provider = new ServiceCollection().AddBlipAndMagick().BuildServiceProvider();
        await using AsyncServiceScope scope = provider.CreateAsyncScope();
        string uri = "data:image/heic;base64," + Convert.ToBase64String(Files.Heic("dogs.heic"));
        ImageAnswer answer = await scope.ServiceProvider.GetRequiredService<BlipTools>()
            .AskImageAsync(uri, "how many dogs are in the picture?", cancellationToken: Token);
        Assert.Null(answer.Error);
        Assert.Equal("2", answer.Answer);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Process_TurnedImage_IsTurnedOnce(int orientation)
    {
        byte[] jpeg = Files.Golden($"exif-{orientation}.jpg");
        byte[] expected = Pixels.Of(jpeg);
        Pixels.AssertNear(expected, Pixels.Of(Files.Heic($"turned-{orientation}.heic")), mean: 4);
        Files.Picture stored = Files.Stored(jpeg);
        foreach (MagickFormat format in Formats)
        {
            byte[] file = Files.Write(stored, format, image => image.Orientation = (Orientation)orientation);
            // AVIF is not without loss: the colours are half as fine.
            Pixels.AssertNear(expected, Pixels.Of(file), mean: format == MagickFormat.Avif ? 1.5 : 0);
        }
    }

    [Fact]
    public void Process_HeicWithExifOrientation_ObeysItsOwnTurnAlone()
        => Pixels.AssertNear(Pixels.Of(Files.Golden("exif-1.jpg")), Pixels.Of(Files.Heic("exif-only.heic")), mean: 4);

    [Fact]
    public void Process_TransparentImage_IsLaidOverWhite()
    {
        byte[] expected = Pixels.Of(Files.Golden("rgba.png"));
        Pixels.AssertNear(expected, Pixels.Of(Files.Heic("rgba.heic")), mean: 4);
        Files.Picture ramp = Ramp(hasAlpha: true);
        byte[] flat = Pixels.Of(Files.Write(ramp, MagickFormat.Tiff));
        Assert.NotEqual(Pixels.Of(Files.Write(Ramp(hasAlpha: false), MagickFormat.Tiff)), flat);
        Assert.Equal(flat, Pixels.Of(Files.Write(ramp, MagickFormat.Jxl)));
        Pixels.AssertNear(flat, Pixels.Of(Premultiplied(ramp)), mean: 1);
    }

    [Fact]
    public void Process_MoreThanEightBits_IsRounded()
    {
        Pixels.AssertNear(Pixels.Of(Files.Golden("rgb16.png")), Pixels.Of(Files.Heic("10bit.heic")), mean: 4);
        Files.Picture ramp = Ramp(hasAlpha: false);
        foreach (MagickFormat format in (MagickFormat[])[MagickFormat.Tiff, MagickFormat.Jxl])
            Assert.Equal(Pixels.Of(Files.Write(ramp, format)), Pixels.Of(Files.Write(ramp, format, image => image.Depth = 16)));
    }

    [Theory]
    [InlineData(CompressionMethod.NoCompression)]
    [InlineData(CompressionMethod.LZW)]
    [InlineData(CompressionMethod.Zip)]
    [InlineData(CompressionMethod.RLE)]
    [InlineData(CompressionMethod.LZMA)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.JPEG)]
    public void Process_TiffOfEveryCompression_IsTheSame(CompressionMethod compression)
    {
        Files.Picture ramp = Ramp(hasAlpha: false);
        byte[] file = Files.Write(ramp, MagickFormat.Tiff, image => image.Settings.Compression = compression);
        using PixelTensor expected = new ImagePreprocessor(96, 96)
            .Process(BlipImage.FromRgb(ramp.Pixels, ramp.Width, ramp.Height), Token);
        Pixels.AssertNear(expected.Span.ToArray(), Pixels.Of(file), mean: compression == CompressionMethod.JPEG ? 1.5 : 0);
    }

    [Theory]
    [InlineData(ColorType.Grayscale, 65)]
    [InlineData(ColorType.GrayscaleAlpha, 65)]
    [InlineData(ColorType.Palette, 8)]
    [InlineData(ColorType.ColorSeparation, 3)]
    [InlineData(ColorType.Bilevel, 140)]
    public void Process_TiffOfOtherColours_IsReadAsColours(ColorType type, double mean)
    {
        Files.Picture ramp = Ramp(hasAlpha: false);
        byte[] file = Files.Write(ramp, MagickFormat.Tiff, image => image.ColorType = type);
        byte[] pixels = Pixels.Of(file);
        Pixels.AssertNear(Pixels.Of(Files.Write(ramp, MagickFormat.Tiff)), pixels, mean);
        Assert.True(pixels.Distinct().Count() > 1);
    }

    [Fact]
    public void Process_TiffWithTwoPages_ReadsTheFirst()
    {
        Files.Picture first = Ramp(hasAlpha: false), second = new(new byte[first.Pixels.Length], first.Width, first.Height);
        using MagickImageCollection pages = [Files.Load(first), Files.Load(second)];
        byte[] file = pages.ToByteArray(MagickFormat.Tiff);
        Assert.Equal(Pixels.Of(Files.Write(first, MagickFormat.Tiff)), Pixels.Of(file));
    }

    [Fact]
    public void Decode_OtherFormats_IsLeftToTheOtherDecoder()
    {
        foreach (string name in (string[])["exif-6.jpg", "rgba.png", "animated.gif", "lossy.webp", "rgb.bmp"])
        {
            byte[] file = Files.Golden(name);
            using PixelTensor expected = new ImagePreprocessor(96, 96).Process(BlipImage.FromBytes(file), Token);
            Assert.Equal(expected.Span, Pixels.Of(file));
        }
    }

    [Fact]
    public void AddMagick_AfterAnotherDecoder_KeepsIt()
    {
        ServiceCollection services = new();
        services.AddSingleton<IImageDecoder, WhiteDecoder>();
        using ServiceProvider provider = services.AddMagick().BuildServiceProvider();
        IImageDecoder decoder = provider.GetRequiredService<IImageDecoder>();
        Assert.IsType<MagickImageDecoder>(decoder);
        using PixelTensor png = new ImagePreprocessor(8, 8, decoder: decoder).Process(BlipImage.FromBytes(Files.Golden("rgb.png")), Token);
        Assert.All(png.Span.ToArray(), value => Assert.Equal(255, value));
        using PixelTensor heic = new ImagePreprocessor(8, 8, decoder: decoder).Process(BlipImage.FromBytes(Files.Heic("dogs.heic")), Token);
        Assert.Contains(heic.Span.ToArray(), value => value < 200);
    }

    [Theory]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>")]
    [InlineData("push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '/etc/hostname'\npop graphic-context\n")]
    [InlineData("%!PS-Adobe-3.0\n9 9 moveto showpage\n")]
    [InlineData("<?xml version='1.0'?><image size='9x9'><read filename='/etc/hostname'/></image>")]
    [InlineData("@/etc/hostname")]
    [InlineData("text:/etc/hostname")]
    public void Process_ScriptThatClaimsToBeAnImage_IsRefused(string script)
    {
        string[] starts = ["II*\0", "MM\0*", "\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "\0\0\0\u0018ftypavif\0\0\0\0mif1avif", "\u00FF\n"];
        foreach (string start in starts)
            AssertCorrupt(() => Pixels.Of(Encoding.Latin1.GetBytes(start + script)));
        // Not even a caller that goes past Blip's own look at the first bytes has it run.
        byte[] bytes = Encoding.Latin1.GetBytes(script);
        foreach (ImageFormat format in (ImageFormat[])[ImageFormat.Heic, ImageFormat.Avif, ImageFormat.Tiff, ImageFormat.JpegXl])
        {
            AssertCorrupt(() => Pixels.Decoder.ReadHeader(bytes, format));
            AssertCorrupt(() => Pixels.Decoder.Decode(bytes, new ImageHeader(format, 9, 9), new NoRows(), Token));
        }
        Assert.ThrowsAny<MagickException>(() => new MagickImage(bytes));
    }

    private static void AssertCorrupt(Action action)
    {
        BlipException refused = Assert.Throws<BlipException>(action);
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
        Assert.DoesNotContain("/", refused.Message, StringComparison.Ordinal);
    }

    internal static Files.Picture Ramp(bool hasAlpha)
    {
        const int Width = 120, Height = 80;
        int channels = hasAlpha ? 4 : 3;
        byte[] pixels = new byte[Width * Height * channels];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                Span<byte> pixel = pixels.AsSpan(((y * Width) + x) * channels, channels);
                (pixel[0], pixel[1], pixel[2]) = ((byte)(x * 2), (byte)(y * 3), (byte)(x < 40 && y < 20 ? 255 : 30));
                if (hasAlpha)
                    pixel[3] = (byte)(x < 60 ? 255 : y * 3);
            }
        return new Files.Picture(pixels, Width, Height);
    }

    // ImageMagick's own writer multiplies alpha, too.
    private static byte[] Premultiplied(Files.Picture picture)
    {
        byte[] pixels = [.. picture.Pixels.Select((value, i) => i % 4 == 3 ? value : (byte)(value * picture.Pixels[i | 3] / 255))];
        byte[] file = Files.Write(picture with { Pixels = pixels }, MagickFormat.Tiff);
        int extraSamples = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x52, 0x01, 3, 0, 1, 0, 0, 0, 2, 0]);
        file[extraSamples + 8] = 1;
        return file;
    }

    private sealed class NoRows : IPixelRows
    {
        public void Write(ReadOnlySpan<byte> rgba) => throw new InvalidOperationException("There are pixels.");
    }

    private sealed class WhiteDecoder : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            byte[] row = [.. Enumerable.Repeat((byte)255, header.Width * 4)];
            for (int y = 0; y < header.Height; y++)
                rows.Write(row);
        }
    }
}
