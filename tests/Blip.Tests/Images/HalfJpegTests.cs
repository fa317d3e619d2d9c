using Blip.Images;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SkiaSharp;
using Xunit;
using Image = SixLabors.ImageSharp.Image;

namespace Blip.Tests.Images;

/// <summary>JPEGs that end early, raw and with the end marker put back: none is read as half an image.</summary>
public class HalfJpegTests
{
    private static readonly byte[] End = [0xFF, 0xD9];

    public static TheoryData<string> Files =>
    [
        "exif-1.jpg", "photo-q30-s2.jpg", "photo-q85-s1.jpg", "photo-q95-s0.jpg", "gray.jpg", "cmyk.jpg", "optimized.jpg",
        "progressive.jpg", "restart.jpg",
        "odd-420.jpg", "icc.jpg", "big-12mp.jpg", "imagesharp-411", "imagesharp-422", "imagesharp-444", "imagesharp-grey",
        "skia", "skia-tiny", "scans", "restarts-420", "arithmetic",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    [Trait("Category", "Long")]
    public void Process_Cut_IsNotReadAsHalf(string name)
    {
        byte[] whole = Bytes(name);
        byte[] pixels = Read(whole) ?? throw new InvalidOperationException($"{name} is not read.");
        // Progressive images may end between scans: then the image is whole, but less sharp.
        int[] ends = name == "progressive.jpg" ? PlacesBetweenScans(whole) : [];
        int near = Math.Min(4096, whole.Length), step = TestScale.Of(20) == 20 ? 1 : 41, places = TestScale.Of(200);
        int[] far = [.. Enumerable.Range(1, places).Select(i => near + (int)((whole.Length - (long)near) * i / places))];
        // The last bytes are the hardest to miss: all of them are cut off.
        int[] last = [.. Enumerable.Range(Math.Max(0, whole.Length - 2 - 40), 40)];
        int refused = 0;

        foreach (int length in Enumerable.Range(0, near).Where(i => i % step == 0).Concat(far).Concat(last))
            foreach (byte[] cut in (byte[][])[whole[..length], [.. whole[..length], .. End]])
            {
                byte[]? got = Read(cut);
                refused += got is null ? 1 : 0;
                bool isAllowed = IsLastUnit(whole, name, length)
                    || (cut.Length > length && ends.Any(end => length >= end && length <= end + 2));
                Assert.True(got is null || isAllowed || got.AsSpan().SequenceEqual(pixels), $"{name} at {length}");
            }
        Assert.True(refused > near / step);
    }

    [Theory]
    [InlineData(0x02)]
    [InlineData(0xC0)]
    [InlineData(0xD8)]
    [InlineData(0xD3)]
    [InlineData(0xE5)]
    [InlineData(0xF3)]
    [InlineData(0xFE)]
    public void Process_MarkerInsideAScan_IsRefused(byte marker)
    {
        foreach (string name in (string[])["photo-q75-s2.jpg", "big-12mp.jpg", "restart.jpg", "progressive.jpg", "gray.jpg"])
        {
            byte[] file = Bytes(name);
            int at = file.Length / 2;
            (file[at], file[at + 1], file[at + 2], file[at + 3]) = (0xFF, marker, 0, 2);
            Assert.Null(Read(file));
        }
    }

    [Fact]
    public void Process_WithoutItsLastComponent_IsRefused()
    {
        byte[] file = Bytes("scans");
        int last = file.AsSpan().LastIndexOf((byte[])[0xFF, 0xDA]);
        Assert.Null(Read([.. file[..last], .. End]));
    }

    [Fact]
    public void Process_ProgressiveThatEndsBetweenScans_IsRead()
    {
        byte[] file = Bytes("progressive.jpg");
        foreach (int place in PlacesBetweenScans(file))
            Assert.NotNull(Read([.. file[..place], .. End]));
    }

    [Theory]
    [InlineData("photo-q75-s2.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("restart.jpg")]
    public void Process_FillBytesBeforeTheEnd_AreAllowed(string name)
    {
        byte[] file = Bytes(name);
        Assert.Equal(Read(file), Read([.. file[..^2], 0xFF, 0xFF, 0xFF, 0xFF, .. End]));
    }

    [Fact]
    public void Process_WithoutHuffmanTables_IsReadWithTheUsualOnes()
    {
        // The encoder of this file writes the tables of the standard. Frames of Motion JPEG leave them out.
        byte[] file = Bytes("photo-q75-s2.jpg"), without = [.. file[..2]];
        for (int at = 2, end; file[at + 1] != 0xDA; at = end)
        {
            end = at + 2 + (file[at + 2] << 8 | file[at + 3]);
            if (file[at + 1] != 0xC4)
                without = [.. without, .. file[at..end]];
            if (file[end + 1] == 0xDA)
                without = [.. without, .. file[end..]];
        }
        Assert.True(without.Length < file.Length - 400);
        Assert.Equal(Read(file), Read(without));
    }

    private static byte[]? Read(byte[] file)
    {
        try
        {
            BlipImage image = BlipImage.FromBytes(file);
            ImageHeader header = image.ReadHeader();
            header.CheckComplete(file);
            RgbaHash rows = new();
            new ImagePreprocessor(1, 1).Decode(image, header, rows, CancellationToken.None);
            return rows.Hash;
        }
        catch (BlipException refused) when (refused.Code is BlipErrorCode.ImageCorrupt || file.Length < 12)
        {
            return null;
        }
    }

    // Of a large file the coded data is not followed to its last bit: the last unit of 8 or 16 pixels may lack its end. So it may with
    // arithmetic coding, where zeros at the end may be missing.
    private static bool IsLastUnit(byte[] whole, string name, int length) =>
        (whole.Length > 256 * 1024 && length > whole.Length - 60) || (name == "arithmetic" && length > whole.Length - 10);

    // Where segments begin that stand after a scan.
    private static int[] PlacesBetweenScans(byte[] file)
    {
        List<int> places = [];
        bool isAfterScan = false;
        for (int at = 2; at < file.Length - 1; at++)
            if (file[at] == 0xFF && file[at + 1] is not (0 or 0xFF or (>= 0xD0 and <= 0xD7)))
            {
                if (isAfterScan)
                    places.Add(at);
                isAfterScan |= file[at + 1] == 0xDA;
                at += file[at + 1] == 0xD9 ? 2 : 1 + (file[at + 2] << 8 | file[at + 3]);
            }
        return [.. places];
    }

    private static byte[] Bytes(string name) => name switch
    {
        "imagesharp-411" => Encoded(JpegColorType.YCbCrRatio411),
        "imagesharp-422" => Encoded(JpegColorType.YCbCrRatio422),
        "imagesharp-444" => Encoded(JpegColorType.YCbCrRatio444),
        "imagesharp-grey" => Encoded(JpegColorType.Luminance),
        "skia" => Encoded(200, 130),
        "skia-tiny" => Encoded(9, 17),
        "scans" or "restarts-420" or "arithmetic" => File.ReadAllBytes(TestPaths.Golden("images", "formats", name + ".jpg")),
        _ => GoldenImages.Bytes(name),
    };

    private static byte[] Encoded(JpegColorType type)
    {
        using SixLabors.ImageSharp.Image<Rgb24> image = Image.Load<Rgb24>(GoldenImages.Bytes("odd-420.jpg"));
        using MemoryStream stream = new();
        image.Save(stream, new JpegEncoder { ColorType = type, Quality = 60 });
        return stream.ToArray();
    }

    private static byte[] Encoded(int width, int height)
    {
        using SKBitmap image = SKBitmap.Decode(GoldenImages.Bytes("odd-420.jpg"));
        using SKBitmap part = new(width, height);
        Assert.True(image.ExtractSubset(part, new SKRectI(100, 100, 100 + width, 100 + height)));
        using SKData data = part.Encode(SKEncodedImageFormat.Jpeg, 80);
        return data.ToArray();
    }

    private sealed class RgbaHash : IPixelRows
    {
        private readonly System.IO.Hashing.XxHash128 _hash = new();

        public byte[] Hash => _hash.GetCurrentHash();

        public void Write(ReadOnlySpan<byte> rgba) => _hash.Append(rgba);
    }
}
