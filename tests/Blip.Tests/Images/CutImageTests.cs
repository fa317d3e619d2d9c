using System.IO.Hashing;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>
/// The start of a file is refused, as it is and with a container that looks whole. It may be read only where no pixel is missing: the
/// first frame is whole, or a progressive JPEG ends between two scans.
/// </summary>
[Collection(nameof(PixelMemory))]
public class CutImageTests
{
    private const int EveryByte = 4096, Places = 200;

    [Theory]
    [MemberData(nameof(Decoders.Names), MemberType = typeof(Decoders))]
    [Trait("Category", "Long")]
    public void Process_CutFile_IsNeverHalfRead(string decoder)
    {
        int cuts = 0, whole = 0;
        List<string> halves = [];
        foreach (byte[] file in SmallImages.All().Take(TestScale.Of(SmallImages.Count)))
        {
            ImageHeader header = ImageHeader.Read(file);
            ImagePreprocessor preprocessor = new(header.Width, header.Height, decoder: Decoders.Of(decoder));
            // What ImageSharp does not read at all, it cannot read in half.
            if (Read(preprocessor, file) is not { } pixels)
            {
                Assert.True(decoder == Decoders.ImageSharp, $"{header} is refused.");
                continue;
            }
            HashSet<UInt128> intact = [pixels];
            foreach (int end in MendedFile.ScanEnds(file))
                if (Read(preprocessor, MendedFile.Of(file, end)) is { } scans)
                    intact.Add(scans);
            for (int length = 1; length < file.Length; length += length < EveryByte ? 1 : 1 + ((file.Length - EveryByte) / Places))
            {
                foreach (byte[] cut in (byte[][])[file[..length], MendedFile.Of(file, length)])
                {
                    cuts++;
                    if (Read(preprocessor, cut) is not { } read)
                        continue;
                    whole++;
                    if (!intact.Contains(read))
                        halves.Add($"{header.Format} {header.Width} x {header.Height}, {length} of {file.Length} bytes");
                }
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{decoder}: {cuts:N0} cuts, {whole:N0} read without a missing pixel, {halves.Count:N0} halves read.");
        IEnumerable<string> formats = halves.GroupBy(half => half[..half.IndexOf(' ', StringComparison.Ordinal)])
            .Select(format => $"{format.Count():N0}, as {string.Join("; ", format.Take(12))}");
        Assert.True(halves.Count == 0, string.Join(Environment.NewLine, formats));
        Assert.Equal(0, PixelBuffer.Live);
    }

    /// <summary>The digest of the pixels; <see langword="null"/> if the file is refused.</summary>
    private static UInt128? Read(ImagePreprocessor preprocessor, byte[] file)
    {
        try
        {
            using PixelTensor pixels = preprocessor.Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken);
            return XxHash128.HashToUInt128(pixels.Span);
        }
        catch (BlipException)
        {
            return null;
        }
    }
}
