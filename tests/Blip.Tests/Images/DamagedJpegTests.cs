using Xunit;

namespace Blip.Tests.Images;

/// <summary>JPEGs with markers, scans or tables where they do not belong, or without them.</summary>
public class DamagedJpegTests
{
    private static readonly byte[] End = [0xFF, 0xD9];

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
            byte[] file = GoldenImages.Bytes(name);
            int at = file.Length / 2;
            (file[at], file[at + 1], file[at + 2], file[at + 3]) = (0xFF, marker, 0, 2);
            Assert.Null(PixelHash.Of(file));
        }
    }

    [Fact]
    public void Process_WithoutItsLastComponent_IsRefused()
    {
        byte[] file = File.ReadAllBytes(TestPaths.Golden("images", "formats", "scans.jpg"));
        int last = file.AsSpan().LastIndexOf((byte[])[0xFF, 0xDA]);
        Assert.Null(PixelHash.Of([.. file[..last], .. End]));
    }

    [Fact]
    public void Process_ProgressiveThatEndsBetweenScans_IsRead()
    {
        byte[] file = GoldenImages.Bytes("progressive.jpg");
        foreach (int place in MendedFile.ScanEnds(file))
            Assert.NotNull(PixelHash.Of([.. file[..place], .. End]));
    }

    [Theory]
    [InlineData("photo-q75-s2.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("restart.jpg")]
    public void Process_FillBytesBeforeTheEnd_AreAllowed(string name)
    {
        byte[] file = GoldenImages.Bytes(name);
        Assert.Equal(PixelHash.Of(file), PixelHash.Of([.. file[..^2], 0xFF, 0xFF, 0xFF, 0xFF, .. End]));
    }

    [Fact]
    public void Process_WithoutHuffmanTables_IsReadWithTheUsualOnes()
    {
        // The encoder of this file writes the tables of the standard. Frames of Motion JPEG leave them out.
        byte[] file = GoldenImages.Bytes("photo-q75-s2.jpg"), without = [.. file[..2]];
        for (int at = 2, end; file[at + 1] != 0xDA; at = end)
        {
            end = at + 2 + (file[at + 2] << 8 | file[at + 3]);
            if (file[at + 1] != 0xC4)
                without = [.. without, .. file[at..end]];
            if (file[end + 1] == 0xDA)
                without = [.. without, .. file[end..]];
        }
        Assert.True(without.Length < file.Length - 400);
        Assert.Equal(PixelHash.Of(file), PixelHash.Of(without));
    }
}
