using System.Buffers.Binary;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>The frames of animated files, against stills that a plain loop has drawn.</summary>
public class AnimationTests
{
    private const int Side = 8;

    private static readonly byte[] Palette = GifBuilder.Colours(4);

    /// <summary>A PNG of one pixel, with a palette of which another colour is transparent.</summary>
    private static readonly byte[] Dot = ImageBuilder.Png(1, 1, 8, 3, [0, 1], [1, 2, 3, 40, 50, 60], [0, 255]);

    /// <summary>For each later frame: its place, and the way in which the frame before it goes (2 clears, 3 restores).</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Gif_FramesWithHolesAndDisposal_AreDrawnOverWhatIsLeft(int disposal)
    {
        (int Left, int Top, int Width, int Height)[] places = [(0, 0, Side, Side), (2, 1, 4, 5), (3, 3, 5, 2), (0, 6, 8, 2)];
        uint?[] canvas = new uint?[Side * Side];
        List<byte[]> expected = [];
        List<byte> file = [];
        for (int f = 0; f < places.Length; f++)
        {
            (int left, int top, int width, int height) = places[f];
            int[] indices = [.. Enumerable.Range(0, width * height).Select(i => (i + f + (i / 3)) % 4)];
            GifBuilder frame = new(Side, Side) { Frame = places[f], Palette = Palette, Transparent = 3, CodeSize = 2 };
            byte[] alone = frame.Of(indices);
            int begin = 13 + Palette.Length;
            alone[begin + 3] |= (byte)(disposal << 2);
            file.AddRange(f == 0 ? alone[..^1] : alone[begin..^1]);

            uint?[] before = [.. canvas];
            for (int i = 0; i < indices.Length; i++)
                if (indices[i] != 3)
                    canvas[((top + (i / width)) * Side) + left + (i % width)] = (uint)indices[i];
            expected.Add([.. canvas.SelectMany(c => c is { } one ? Palette.AsSpan((int)one * 3, 3).ToArray() : [255, 255, 255])]);
            if (disposal == 3)
                canvas = before;
            else if (disposal == 2)
                for (int i = 0; i < indices.Length; i++)
                    canvas[((top + (i / width)) * Side) + left + (i % width)] = null;
        }
        file.Add(0x3B);
        AssertFrames(expected, [.. file], Decoders.Skia);
        AssertFrames(expected, [.. file], Decoders.ImageSharp);
        // The last byte may be missing, part of a frame not.
        AssertFrames(expected, [.. file[..^1]], Decoders.Skia);
        Assert.Equal(BlipErrorCode.ImageCorrupt, Assert.Throws<BlipException>(() => Frames([.. file[..^6]], Decoders.Skia)).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Png_AnimatedFile_GivesItsFrames(bool hasImageApart)
    {
        byte[] first = Png(4, 4, 10), second = Png(2, 2, 90), third = Png(4, 4, 160), apart = Png(4, 4, 240);
        byte[] file =
        [
            .. first[..33], .. ImageBuilder.PngChunk("acTL", [0, 0, 0, 3, 0, 0, 0, 0]), .. hasImageApart ? Pixels(apart, "IDAT", []) : [],
            .. Control(0, 4, 4, 0, 0, dispose: 0), .. Pixels(first, hasImageApart ? "fdAT" : "IDAT", hasImageApart ? [0, 0, 0, 9] : []),
            .. Control(1, 2, 2, 1, 1, dispose: 1), .. Pixels(second, "fdAT", [0, 0, 0, 2]),
            .. Control(3, 4, 4, 0, 0, dispose: 0), .. Pixels(third, "fdAT", [0, 0, 0, 4]), .. ImageBuilder.PngChunk("IEND", []),
        ];
        byte[] one = RgbCollector.Decode(first, AlphaMode.White), small = RgbCollector.Decode(second, AlphaMode.White);
        byte[] two = [.. one];
        for (int y = 0; y < 2; y++)
            small.AsSpan(y * 6, 6).CopyTo(two.AsSpan(((y + 1) * 12) + 3));
        AssertFrames([one, two, RgbCollector.Decode(third, AlphaMode.White)], file, Decoders.Skia, 4);
        AssertFrames([one, two, RgbCollector.Decode(third, AlphaMode.White)], file, Decoders.ImageSharp, 4);

        static byte[] Png(int width, int height, int seed)
        {
            List<byte> rows = [];
            for (int y = 0; y < height; y++)
                rows.AddRange([0, .. Enumerable.Range(0, width).SelectMany(x => (byte[])[(byte)(seed + x), (byte)(seed + y), (byte)seed])]);
            byte[] png = ImageBuilder.Png(width, height, 8, 2, [.. rows], [], []);
            // Without the two empty chunks.
            return [.. png[..33], .. png[57..]];
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WebP_AnimatedFile_GivesItsFrames(bool isLossless)
    {
        byte[] still = WebPFileTests.Still(isLossless, hasAlpha: false), other = WebPFileTests.Still(isLossless, hasAlpha: false, seed: 9);
        ImageHeader size = ImageHeader.Read(still);
        byte[] file = WebPFileTests.Animated(size.Width, size.Height, (still, 0, 0), (other, 0, 0));
        List<byte[]> frames = Frames(file, Decoders.Skia, size.Width, size.Height);
        Assert.Equal(2, frames.Count);
        Assert.Equal(RgbCollector.Decode(still), frames[0]);
        Assert.Equal(RgbCollector.Decode(other), frames[1]);
    }

    [Fact]
    public void Frames_Of40_AreSixteenEvenlySpread()
    {
        GifBuilder one = new(1, 1) { Palette = GifBuilder.Colours(64), CodeSize = 6 };
        int head = 13 + one.Palette.Length;
        byte[] file = [.. one.Of([0])[..head], .. Enumerable.Range(0, 40).SelectMany(i => one.Of([i])[head..^1]), 0x3B];
        Assert.Equal(40, BlipImage.FromBytes(file).CountFrames());
        int[] expected = [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 30, 32, 35, 37];
        Assert.Equal(expected.Select(i => one.Palette.AsSpan(i * 3, 3).ToArray()), Frames(file, Decoders.Skia, 1, 1));
        Assert.Equal(1, BlipImage.FromFile(TestPaths.Sample("dogs.jpg")).CountFrames());
    }

    [Fact]
    public void Png_TextsBeforeThePixels_AreNoPartOfItsFrames()
    {
        const int Count = 1000, Texts = 20_000;
        byte[] text = ImageBuilder.PngChunk("tEXt", []);
        byte[] file = Apng(Count);
        file = [.. file[..33], .. Enumerable.Repeat(text, Texts).SelectMany(chunk => chunk), .. file[33..]];
        ImageHeader header = ImageHeader.Read(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        IReadOnlyList<AnimationFrame> frames = Animation.FramesOf(file, header);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.Equal(Count, frames.Count);
        Assert.All(frames, frame => Assert.InRange(frame.Still().Length, 1, 200));
        // The palette and its transparency are.
        Assert.All(Frames(file, Decoders.Skia, 1, 1), pixel => Assert.Equal(RgbCollector.Decode(Dot, AlphaMode.White), pixel));
    }

    [Fact]
    public void Png_PartOfNoFrame_AndSecondHeader_AreIgnored()
    {
        byte[] part = new byte[8];
        Assert.Equal(1, BlipImage.FromBytes(ImageBuilder.PngWith(Dot, "fdAT", part)).CountFrames());
        byte[] dot = RgbCollector.Decode(Dot, AlphaMode.White);
        AssertFrames([dot, dot], ImageBuilder.PngWith(Apng(2), "fdAT", part), Decoders.Skia, 1);
        AssertFrames([dot, dot], ImageBuilder.PngWith(Apng(2), "IHDR", []), Decoders.Skia, 1);
    }

    [Theory]
    [InlineData(ImageFormat.Gif)]
    [InlineData(ImageFormat.WebP)]
    [InlineData(ImageFormat.Png)]
    public void MoreThanTenThousandFrames_AreRefused(ImageFormat format)
    {
        const int Most = 10_000;
        Assert.Equal(Most, BlipImage.FromBytes(Of(Most)).CountFrames());
        BlipException refused = Assert.Throws<BlipException>(() => BlipImage.FromBytes(Of(Most + 1)).CountFrames());
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("10,000 frames", refused.Message, StringComparison.Ordinal);

        byte[] Of(int count)
        {
            if (format == ImageFormat.Png)
                return Apng(count);
            if (format == ImageFormat.WebP)
            {
                byte[] still = WebPFileTests.Still(isLossless: false, hasAlpha: false);
                ImageHeader size = ImageHeader.Read(still);
                return WebPFileTests.Animated(size.Width, size.Height, [.. Enumerable.Repeat((still, 0, 0), count)]);
            }
            byte[] one = new GifBuilder(1, 1) { Palette = Palette, CodeSize = 2 }.Of([0]);
            int head = 13 + Palette.Length;
            return [.. one[..head], .. Enumerable.Repeat(one[head..^1], count).SelectMany(frame => frame), 0x3B];
        }
    }

    [Fact]
    public void FrameOutsideTheCanvas_AndTooMuchToDraw_AreRefused()
    {
        GifBuilder one = new(2, 2) { Palette = Palette, CodeSize = 2 }, large = one with { Frame = (1, 1, 2, 2) };
        int head = 13 + Palette.Length;
        byte[] file = [.. one.Of([0, 1, 2, 3])[..^1], .. large.Of([0, 1, 2, 3])[head..]];
        Assert.Contains("outside", Assert.Throws<BlipException>(() => Frames(file, Decoders.Skia, 2, 2)).Message, StringComparison.Ordinal);

        byte[] many = [.. one.Of([0, 1, 2, 3])[..head], .. Enumerable.Range(0, 40).SelectMany(_ => one.Of([0, 1, 2, 3])[head..^1])];
        ImagePreprocessor small = new(2, 2, new ImageOptions { Limits = new ImageLimits { MaxPixels = 4 } });
        BlipException refused = Assert.Throws<BlipException>(
            () => small.ProcessFrames(BlipImage.FromBytes(many), 40, TestContext.Current.CancellationToken));
        Assert.Equal(BlipErrorCode.TooManyPixels, refused.Code);
    }

    [Fact]
    public void Video_IsRefusedWithTheLineThatMakesStills()
    {
        byte[] mp4 = [0, 0, 0, 0x18, .. "ftypisom"u8, 0, 0, 2, 0, .. "isomiso2"u8];
        BlipException refused = Assert.Throws<BlipException>(() => BlipImage.FromBytes(mp4).ReadHeader());
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("ffmpeg -i VIDEO -vf fps=1 frame-%04d.png", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>An animation that shows <see cref="Dot"/> again and again.</summary>
    private static byte[] Apng(int count) =>
    [
        .. Dot[..(Dot.AsSpan().IndexOf("IDAT"u8) - 4)], .. ImageBuilder.PngChunk("acTL", new byte[8]),
        .. Control(0, 1, 1, 0, 0, dispose: 0), .. Pixels(Dot, "IDAT", []),
        .. Enumerable.Repeat<byte[]>([.. Control(1, 1, 1, 0, 0, dispose: 0), .. Pixels(Dot, "fdAT", [0, 0, 0, 2])], count - 1)
            .SelectMany(frame => frame),
        .. ImageBuilder.PngChunk("IEND", []),
    ];

    private static byte[] Pixels(byte[] png, string type, byte[] number)
    {
        int at = png.AsSpan().IndexOf("IDAT"u8);
        return ImageBuilder.PngChunk(type, [.. number, .. png.AsSpan(at + 4, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at - 4)))]);
    }

    private static byte[] Control(int number, int width, int height, int left, int top, byte dispose) => ImageBuilder.PngChunk("fcTL",
    [
        0, 0, 0, (byte)number, 0, 0, 0, (byte)width, 0, 0, 0, (byte)height, 0, 0, 0, (byte)left, 0, 0, 0, (byte)top, 0, 1, 0, 10,
        dispose, 1,
    ]);

    private static void AssertFrames(List<byte[]> expected, byte[] file, string decoder, int side = Side)
    {
        Assert.Equal(expected.Count, BlipImage.FromBytes(file).CountFrames());
        Assert.Equal(expected, Frames(file, decoder, side, side));
    }

    private static List<byte[]> Frames(byte[] file, string decoder, int width = Side, int height = Side)
    {
        ImagePreprocessor preprocessor = new(width, height, decoder: Decoders.Of(decoder));
        List<byte[]> frames = [];
        foreach (PixelTensor tensor in preprocessor.ProcessFrames(
            BlipImage.FromBytes(file), BlipImage.MaxFrames, TestContext.Current.CancellationToken))
        {
            frames.Add(tensor.Span.ToArray());
            tensor.Dispose();
        }
        return frames;
    }
}
