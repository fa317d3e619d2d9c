using System.Buffers.Binary;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>
/// Images of every format with random damage (with a fixed seed). Each is read, or refused with a clear error, in a short time and within
/// bounded memory, and all memory is released.
/// </summary>
[Collection(nameof(PixelMemory))]
public class MutatedImageTests
{
    private const int MaxFile = 20_000;
    private const long MaxGrowth = 300 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    [Theory]
    [MemberData(nameof(Decoders.Names), MemberType = typeof(Decoders))]
    [Trait("Category", "Long")]
    public void Process_MutatedImage_IsReadOrRefused(string decoder)
    {
        byte[][] files =
        [
            .. GoldenImages.Names.Select(GoldenImages.Bytes).Where(bytes => bytes.Length < MaxFile),
            .. SmallImages.All().Take(SmallImages.Count),
            .. Directory.EnumerateFiles(TestPaths.Golden("images", "rare")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
                .Where(bytes => bytes.Length < MaxFile),
        ];
        ImageOptions options = new() { Limits = new ImageLimits { MaxPixels = 4_000_000 } };
        IImageDecoder images = Decoders.Of(decoder);
        ImagePreprocessor[] preprocessors =
            [new(64, 48, options, images), new(48, 64, options with { Alpha = AlphaMode.Drop }, images)];
        Random random = new(13);
        int read = 0, refused = 0;
        long before = Environment.WorkingSet, peak = before;
        TimeSpan slowest = TimeSpan.Zero;

        for (int round = 0; round < TestScale.Of(500_000); round++)
        {
            byte[] mutated = Mutate(files, random);
            ImagePreprocessor preprocessor = preprocessors[round & 1];
            TimeSpan took = Process(preprocessor, mutated, ref read, ref refused);
            slowest = took > slowest ? took : slowest;
            Assert.True(took < Limit, $"Round {round} took {took}.");
            if ((round & 0xFF) == 0)
                peak = Math.Max(peak, Environment.WorkingSet);
        }

        Assert.Equal(0, PixelBuffer.Live);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{decoder}: {read:N0} read, {refused:N0} refused, slowest {slowest.TotalMilliseconds:0} ms, "
            + $"memory grew by {(peak - before) >> 20} MB at most.");
        Assert.True(read > 0 && refused > 0);
        Assert.True(peak - before < MaxGrowth, $"The memory grew by {(peak - before) >> 20} MB.");
    }

    private static TimeSpan Process(ImagePreprocessor preprocessor, byte[] file, ref int read, ref int refused)
    {
        // Processor time: a busy machine may stop any test for a while. No other test runs beside this one.
        TimeSpan begin = Environment.CpuUsage.TotalTime;
        try
        {
            preprocessor.Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken).Dispose();
            read++;
        }
        catch (BlipException failure)
        {
            string[] expected = [BlipErrorCode.ImageCorrupt, BlipErrorCode.UnsupportedImage, BlipErrorCode.TooManyPixels];
            Assert.Contains(failure.Code, expected);
            Assert.DoesNotContain('\n', failure.Message);
            refused++;
        }
        return Environment.CpuUsage.TotalTime - begin;
    }

    private static byte[] Mutate(byte[][] files, Random random)
    {
        byte[] file = [.. files[random.Next(files.Length)]];
        int times = random.Next(1, 4);
        for (int i = 0; i < times && file.Length > 1; i++)
            file = random.Next(7) switch
            {
                0 => file[..random.Next(file.Length)],
                1 => Splice(file, files[random.Next(files.Length)], random),
                2 => Cut(file, random),
                3 => Overwrite(file, random.Next(Math.Min(file.Length, 64)), random),
                4 => Overwrite(file, random.Next(file.Length), random),
                5 => FlipBits(file, Math.Min(file.Length, 700), random),
                _ => FlipBits(file, file.Length, random),
            };

        // With a wrong checksum the file is refused before it is decoded, and the decoder is not tested.
        if (file.Length > 8 && file[0] == 0x89 && random.Next(2) != 0)
            ImageBuilder.RepairPng(file);
        return file;
    }

    private static byte[] Splice(byte[] file, byte[] other, Random random)
    {
        int from = random.Next(other.Length);
        int length = random.Next(Math.Min(2000, other.Length - from));
        int at = random.Next(file.Length);
        return [.. file[..at], .. other.AsSpan(from, length), .. file[Math.Min(file.Length, at + (random.Next(2) * length))..]];
    }

    private static byte[] Cut(byte[] file, Random random)
    {
        int at = random.Next(file.Length);
        return [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(1, 300))..]];
    }

    private static byte[] Overwrite(byte[] file, int at, Random random)
    {
        uint[] edges = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, uint.MaxValue, (uint)random.Next()];
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(four, edges[random.Next(edges.Length)]);
        int count = Math.Min(random.Next(1, 5), file.Length - at);
        four[(4 - count)..].CopyTo(file.AsSpan(at));
        return file;
    }

    private static byte[] FlipBits(byte[] file, int within, Random random)
    {
        for (int i = random.Next(1, 20); i > 0; i--)
            file[random.Next(within)] ^= (byte)(1 << random.Next(8));
        return file;
    }
}
