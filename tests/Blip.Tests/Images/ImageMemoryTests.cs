using System.Diagnostics;
using System.Globalization;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>
/// Decoding takes the memory that the budget counts, and never more than 4 bytes for each pixel that the limit allows and 64 MB. Measured
/// in a process of its own: one for all kinds, with 4 megapixels; with <c>BLIP_TEST_SCALE=1</c> one for each, with as many pixels as
/// the kind may have.
/// </summary>
public class ImageMemoryTests
{
    // What the process is asked to measure: the decoder, the pixels, the file for the figures, the kinds. Others follow in lines.
    private const string Job = "BLIP_IMAGE_MEMORY";
    private const long Megabyte = 1 << 20, Spare = 64 * Megabyte, ScaledPixels = 4_000_000;

    [Theory]
    [MemberData(nameof(Decoders.Names), MemberType = typeof(Decoders))]
    [Trait("Category", "Long")]
    public async Task Process_LargeImage_TakesTheMemoryThatTheBudgetCounts(string decoder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone tells the most memory that was in use.");
        using TempFolder folder = new();
        string figures = Path.Combine(folder.Path, "figures");
        bool isWhole = TestScale.Share >= 1;
        foreach (string[] kinds in isWhole ? LargeImages.Names.Chunk(1) : [[.. LargeImages.Names]])
            await MeasureApart([decoder, isWhole ? "" : $"{ScaledPixels}", figures, .. kinds]);

        string[][] measured = [.. (await File.ReadAllLinesAsync(figures, Token)).Select(line => line.Split('|'))];
        Assert.True(measured.Length > LargeImages.Names.Count() / 3);
        long most = (4L * ImageLimits.Default.MaxPixels) + Spare;
        foreach (string[] row in measured)
        {
            (long pixels, long taken, long expected) = (Number(row[1]), Number(row[2]), Number(row[3]));
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {row[0]} | {pixels / 1e6:0.0} | {taken / Megabyte} | {(double)taken / pixels:0.0} |"));
            Assert.True(taken <= most, $"{row[0]}: {taken:N0} bytes.");
            // Besides, a decoder needs something for itself, and ImageSharp gets a copy of the file.
            long more = (10 * Megabyte) + (decoder == Decoders.ImageSharp ? Number(row[4]) : 0);
            Assert.True(taken <= expected + more, $"{row[0]}: {taken:N0} bytes; the budget counts {expected:N0}.");
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>What the process of its own does.</summary>
    [Fact]
    public void Measure()
    {
        if (Environment.GetEnvironmentVariable(Job)?.Split('\n') is not [{ } decoder, { } pixels, { } figures, .. { } kinds])
            return;
        ImagePreprocessor preprocessor = new(384, 384, decoder: Decoders.Of(decoder));
        foreach (string kind in kinds)
            foreach (bool turned in (bool[])[false, true])
            {
                if (Image(kind, 64, 48, turned) is not { } small)
                    continue;
                try
                {
                    // The small one loads the decoder.
                    preprocessor.Process(BlipImage.FromBytes(small), Token).Dispose();
                    byte[] file = Largest(kind, turned, pixels.Length > 0 ? long.Parse(pixels, CultureInfo.InvariantCulture) : null);
                    ImageHeader header = ImageHeader.Read(file);
                    long taken = MostMemoryOf(() => preprocessor.Process(BlipImage.FromBytes(file), Token).Dispose());
                    File.AppendAllText(figures, FormattableString.Invariant(
                        $"{kind}{(turned ? ", turned" : "")}|{header.Pixels}|{taken}|{4 * header.PixelsInFlight}|{file.Length}\n"));
                }
                catch (BlipException refused) when (refused.Code == BlipErrorCode.UnsupportedImage)
                {
                    Assert.Equal(Decoders.ImageSharp, decoder);
                }
            }
    }

    private static async Task MeasureApart(string[] job)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(ImageMemoryTests).Assembly.Location);
        foreach (string argument in (string[])["-method", $"{typeof(ImageMemoryTests).FullName}.{nameof(Measure)}"])
            start.ArgumentList.Add(argument);
        start.Environment[Job] = string.Join('\n', job);
        // What is freed goes back to the system, so that it counts again for the next image.
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = "131072";
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, output);
    }

    private static long MostMemoryOf(Action action)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // From here on the system counts anew.
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Peak();
        action();
        return Peak() - before;

        static long Peak()
        {
            string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }

    private static byte[] Largest(string kind, bool turned, long? pixels)
    {
        ImageLimits limits = ImageLimits.Default;
        long most = pixels ?? limits.MaxPixels;
        // Rows of bitmaps are not compressed.
        if (kind.StartsWith("BMP, 24", StringComparison.Ordinal))
            most = Math.Min(most, (limits.MaxBytes - 1000) / 3);
        while (true)
        {
            int side = (int)Math.Sqrt(most);
            byte[] file = Image(kind, side, side, turned)!;
            try
            {
                ImageHeader.Read(file, limits);
                return file;
            }
            catch (BlipException refused) when (refused.Code == BlipErrorCode.TooManyPixels)
            {
                // The sentence names the pixels that the kind may have; blocks are whole ones.
                string allowed = refused.Message.Split("others: ")[1].Split(" are allowed")[0];
                most = long.Parse(allowed, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) * 99 / 100;
            }
        }
    }

    private static byte[]? Image(string kind, int width, int height, bool turned)
        => turned ? LargeImages.Turned(LargeImages.Of(kind, width, height), width, height) : LargeImages.Of(kind, width, height);

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
