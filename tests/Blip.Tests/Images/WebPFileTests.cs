using System.Buffers.Binary;
using Blip.Images;
using SkiaSharp;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>Animated WebP files, of which the first frame is read, and files that lack their last bytes.</summary>
public class WebPFileTests
{
    private const int Width = 21, Height = 13;

    public static TheoryData<bool, bool, int, int> Frames => new()
    {
        { false, false, 0, 0 }, { false, true, 0, 0 }, { true, false, 0, 0 }, { true, true, 0, 0 },
        { false, false, 6, 4 }, { false, true, 6, 4 }, { true, false, 6, 4 }, { true, true, 10, 8 },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void Decode_AnimatedFile_ShowsItsFirstFrameAtItsPlace(bool isLossless, bool hasAlpha, int left, int top)
    {
        byte[] still = Still(isLossless, hasAlpha), other = Still(isLossless, hasAlpha, seed: 9);
        (int width, int height) = (Width + left + 3, Height + top + 1);
        byte[] animated = Animated(width, height, (still, left, top), (other, 0, 0));
        ImageHeader header = ImageHeader.Read(animated);
        Assert.Equal((width, height), (header.Width, header.Height));
        foreach (AlphaMode alpha in (AlphaMode[])[AlphaMode.White, AlphaMode.Drop])
        {
            // The colour of the background is for players that ask for it: around the frame nothing is.
            byte[] expected = new byte[width * height * 3];
            if (alpha == AlphaMode.White)
                expected.AsSpan().Fill(255);
            byte[] frame = RgbCollector.Decode(still, alpha);
            for (int y = 0; y < Height; y++)
                frame.AsSpan(y * Width * 3, Width * 3).CopyTo(expected.AsSpan((((top + y) * width) + left) * 3));
            Assert.Equal(expected, RgbCollector.Decode(animated, alpha));
        }
        BlipException refused = Assert.Throws<BlipException>(() => new ImagePreprocessor(8, 8, decoder: Decoders.Of(Decoders.ImageSharp))
            .Process(BlipImage.FromBytes(animated), TestContext.Current.CancellationToken));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("Skia", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decode_StillFileWithAlpha_IsLaidOverWhite(bool isLossless)
    {
        byte[] file = Still(isLossless, hasAlpha: true), seen = RgbCollector.Decode(file, AlphaMode.White);
        Assert.Equal(!isLossless, file.AsSpan().IndexOf("ALPH"u8) > 0);
        // The first row is transparent, the last is not.
        Assert.True(seen.AsSpan(0, Width * 3).IndexOfAnyExcept((byte)255) < 0);
        Assert.Equal(RgbCollector.Decode(file)[^(Width * 3)..], seen[^(Width * 3)..]);
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void Process_EveryCut_IsNeverHalfRead(bool isLossless, bool hasAlpha, int left, int top)
    {
        byte[] still = Still(isLossless, hasAlpha);
        byte[] file = left == 0 ? still : Animated(Width + left, Height + top, (still, left, top));
        byte[] whole = RgbCollector.Decode(file);
        for (int length = 1; length < file.Length; length++)
            foreach (byte[] cut in (byte[][])[file[..length], MendedFile.Of(file, length)])
                try
                {
                    BlipImage.FromBytes(cut).ReadHeader().CheckComplete(cut);
                    Assert.Equal(whole, RgbCollector.Decode(cut));
                }
                catch (BlipException refused)
                {
                    Assert.True(refused.Code == BlipErrorCode.ImageCorrupt || length < 12, refused.Message);
                }
    }

    internal static byte[] Still(bool isLossless, bool hasAlpha, int seed = 3)
    {
        Random random = new(seed);
        using SKBitmap bitmap = new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                byte alpha = hasAlpha ? (byte)(y == 0 ? 0 : y == Height - 1 ? 255 : random.Next(256)) : (byte)255;
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 12), (byte)random.Next(256), (byte)(y * 19), alpha));
            }
        using SKPixmap pixels = bitmap.PeekPixels()!;
        SKWebpEncoderCompression compression = isLossless ? SKWebpEncoderCompression.Lossless : SKWebpEncoderCompression.Lossy;
        using SKData file = pixels.Encode(new SKWebpEncoderOptions(compression, 80))!;
        return file.ToArray();
    }

    /// <summary>An animation of still files, over a red background.</summary>
    internal static byte[] Animated(int width, int height, params (byte[] Still, int Left, int Top)[] frames)
    {
        List<byte> chunks =
        [
            .. ImageBuilder.WebPChunk("VP8X", [0x12, 0, 0, 0, .. ImageBuilder.U24(width - 1), .. ImageBuilder.U24(height - 1)]),
            .. ImageBuilder.WebPChunk("ANIM", [0, 0, 255, 255, 0, 0]),
        ];
        foreach ((byte[] still, int left, int top) in frames)
        {
            // Of a file in the extended form, what comes after its header.
            byte[] image = still[(still.AsSpan(12).StartsWith("VP8X"u8) ? 30 : 12)..];
            chunks.AddRange(ImageBuilder.WebPChunk(
                "ANMF",
                [
                    .. ImageBuilder.U24(left / 2), .. ImageBuilder.U24(top / 2),
                    .. ImageBuilder.U24(Width - 1), .. ImageBuilder.U24(Height - 1), .. ImageBuilder.U24(100), 0, .. image,
                ]));
        }
        byte[] file = [.. "RIFF0000WEBP"u8, .. chunks];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }
}
