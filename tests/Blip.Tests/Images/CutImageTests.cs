using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>
/// The start of a file is refused, as it is and with a container that looks whole. It may be read only where no pixel is missing: the
/// first frame is whole, or a JPEG with several scans ends between two of them.
/// </summary>
[Collection(nameof(PixelMemory))]
public class CutImageTests
{
    private const int EveryByte = 4096, Places = 200, LastBytes = 40;

    [Theory]
    [MemberData(nameof(Decoders.Names), MemberType = typeof(Decoders))]
    [Trait("Category", "Long")]
    public void Process_CutFile_IsNeverHalfRead(string decoder)
    {
        Counts counts = new();
        foreach (byte[] file in SmallImages.All().Take(TestScale.Of(SmallImages.Count)))
            Cut(decoder, file, step: 1, counts);
        // Of these all bytes are tried at full scale only.
        foreach ((string name, byte[] file) in JpegForms.All())
            Cut(decoder, file, step: TestScale.Share >= 1 ? 1 : 41, counts, IsArithmetic(name) ? 10 : 0);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{decoder}: {counts.Cuts:N0} cuts, {counts.Whole:N0} read without a missing pixel, {counts.Halves.Count:N0} halves read.");
        IEnumerable<string> formats = counts.Halves.GroupBy(half => half[..half.IndexOf(' ', StringComparison.Ordinal)])
            .Select(format => $"{format.Count():N0}, as {string.Join("; ", format.Take(12))}");
        Assert.True(counts.Halves.Count == 0, string.Join(Environment.NewLine, formats));
        Assert.Equal(0, PixelBuffer.Live);

        // Zeros at the end of arithmetic coding may be missing.
        static bool IsArithmetic(string name) => name == "arithmetic.jpg";
    }

    private static void Cut(string decoder, byte[] file, int step, Counts counts, int mayLack = 0)
    {
        ImageHeader header = ImageHeader.Read(file);
        // What ImageSharp does not read at all, it cannot read in half.
        if (PixelHash.Of(file, decoder) is not { } pixels)
        {
            Assert.True(decoder == Decoders.ImageSharp, $"{header} is refused.");
            return;
        }
        HashSet<UInt128> intact = [pixels];
        foreach (int end in MendedFile.ScanEnds(file))
            if (PixelHash.Of(MendedFile.Of(file, end), decoder) is { } scans)
                intact.Add(scans);
        // The coded data of a large JPEG is not followed: its last unit of 8 or 16 pixels may lack its end.
        if (header.Format == ImageFormat.Jpeg && file.Length > 256 * 1024)
            mayLack = 60;
        foreach (int length in Lengths(file.Length, step))
            foreach (byte[] cut in (byte[][])[file[..length], MendedFile.Of(file, length)])
            {
                counts.Cuts++;
                if (PixelHash.Of(cut, decoder) is not { } read)
                    continue;
                counts.Whole++;
                if (!intact.Contains(read) && length < file.Length - mayLack)
                    counts.Halves.Add($"{header.Format} {header.Width} x {header.Height}, {length} of {file.Length} bytes");
            }
    }

    // Every byte at the start, then places; and the last bytes, which are the hardest to miss.
    private static IEnumerable<int> Lengths(int length, int step)
    {
        int near = Math.Min(EveryByte, length), far = 1 + ((length - near) / Places);
        return Enumerable.Range(1, near - 1).Where(i => i % step == 0)
            .Concat(Enumerable.Range(0, Places).Select(i => near + (i * far)).Where(i => i < length))
            .Concat(Enumerable.Range(Math.Max(1, length - 2 - LastBytes), Math.Min(LastBytes, length - 2)))
            .Distinct();
    }

    private sealed class Counts
    {
        public int Cuts, Whole;

        public List<string> Halves { get; } = [];
    }
}
