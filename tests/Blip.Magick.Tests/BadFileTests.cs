using System.Buffers.Binary;
using System.Diagnostics;
using Blip.Images;
using Blip.Tests;
using ImageMagick;
using Xunit;

namespace Blip.Magick.Tests;

/// <summary>Files that are damaged, cut, or larger than they look.</summary>
public class BadFileTests
{
    private static readonly Files.Picture Ramp = MagickImageDecoderTests.Ramp(hasAlpha: false);

    [Fact]
    public void ReadHeader_LargeImage_IsRefusedBeforeItIsDecoded()
    {
        byte[] flat = new byte[2000 * 2000 * 3];
        ImageOptions options = new() { Limits = new ImageLimits { MaxPixels = 1_000_000 } };
        byte[][] files =
        [
            .. new[] { MagickFormat.Tiff, MagickFormat.Jxl, MagickFormat.Avif }.Select(
                format => Files.Write(new Files.Picture(flat, 2000, 2000), format, i => i.Settings.Compression = CompressionMethod.Zip)),
            WithSize(Files.Heic("dogs.heic"), 4000, 4000),
        ];
        ImagePreprocessor preprocessor = new(8, 8, options, new HeaderDecoder());
        foreach (byte[] file in files)
        {
            Assert.InRange(file.Length, 1, 60_000);
            BlipException refused = Assert.Throws<BlipException>(
                () => preprocessor.Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken));
            Assert.Equal(BlipErrorCode.TooManyPixels, refused.Code);
        }
    }

    [Fact]
    public void ReadHeader_FormatThatTakesMoreMemory_MayHaveFewerPixels()
    {
        BlipImage phone = BlipImage.FromBytes(WithSize(Files.Heic("dogs.heic"), 5712, 4284));
        BlipException refused = Assert.Throws<BlipException>(() => phone.ReadHeader(decoder: Pixels.Decoder));
        Assert.Equal(BlipErrorCode.TooManyPixels, refused.Code);
        Assert.Contains("a HEIC takes more memory than others: 16,170,016 are allowed", refused.Message, StringComparison.Ordinal);
        // What README says of photos of 24 and 48 megapixels.
        Assert.Equal(24_470_208, phone.ReadHeader(new ImageLimits { MaxPixels = 85_000_000 }, Pixels.Decoder).Pixels);
        BlipImage large = BlipImage.FromBytes(WithSize(Files.Heic("dogs.heic"), 8064, 6048));
        Assert.Equal(48_771_072, large.ReadHeader(new ImageLimits { MaxPixels = 185_000_000 }, Pixels.Decoder).Pixels);
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(801, 600)]
    public void Process_HeicLargerOrSmallerThanItsHeader_IsRefused(int width, int height)
    {
        BlipException refused = Assert.Throws<BlipException>(() => Pixels.Of(WithSize(Files.Heic("dogs.heic"), width, height)));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Process_EveryTruncation_IsRefusedOrWhole()
    {
        byte[][] files = [.. Intact().Where(file => file.Length < 12_000)];
        foreach (byte[] whole in files)
        {
            byte[] expected = Pixels.Of(whole, 16, 16);
            int read = 0, refused = 0;
            for (int length = 0; length < whole.Length; length += 1 + (whole.Length / TestScale.Of(3_000)))
                try
                {
                    // What is missing may be a note behind the pixels.
                    Assert.Equal(expected, Pixels.Of(whole[..length], 16, 16));
                    read++;
                }
                catch (BlipException failure)
                {
                    Assert.True(failure.Code == BlipErrorCode.ImageCorrupt || length < 32, failure.Message);
                    refused++;
                }
            Assert.True(refused > 5 * read, $"{whole.Length} bytes: {read} read, {refused} refused.");
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Process_MutatedFile_IsReadOrRefused()
    {
        byte[][] files = [.. Intact()];
        ImageOptions options = new() { Limits = new ImageLimits { MaxPixels = 4_000_000 } };
        Random random = new(29);
        int read = 0, refused = 0;
        TimeSpan slowest = TimeSpan.Zero;
        for (int round = 0; round < TestScale.Of(6_000); round++)
        {
            byte[] file = Mutate(files[random.Next(files.Length)], random);
            long begin = Stopwatch.GetTimestamp();
            try
            {
                Pixels.Of(file, 32, 32, options);
                read++;
            }
            catch (BlipException failure)
            {
                string[] expected = [BlipErrorCode.ImageCorrupt, BlipErrorCode.UnsupportedImage, BlipErrorCode.TooManyPixels];
                Assert.Contains(failure.Code, expected);
                Assert.DoesNotContain('\n', failure.Message);
                refused++;
            }
            TimeSpan took = Stopwatch.GetElapsedTime(begin);
            slowest = took > slowest ? took : slowest;
            Assert.True(took < TimeSpan.FromSeconds(5), $"Round {round} took {took}.");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{read} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms.");
        Assert.True(read > 0 && refused > 0);
    }

    private static IEnumerable<byte[]> Intact()
    {
        yield return Files.Heic("turned-6.heic");
        yield return Files.Heic("10bit.heic");
        yield return Files.Heic("rgba.heic");
        yield return Files.Heic("exif-only.heic");
        CompressionMethod[] methods =
            [CompressionMethod.NoCompression, CompressionMethod.LZW, CompressionMethod.Zip, CompressionMethod.JPEG, CompressionMethod.RLE];
        foreach (CompressionMethod method in methods)
            yield return Files.Write(Ramp, MagickFormat.Tiff, image => image.Settings.Compression = method);
        foreach (MagickFormat format in (MagickFormat[])[MagickFormat.Jxl, MagickFormat.Avif])
            foreach (uint quality in (uint[])[60, 100])
                yield return Files.Write(Ramp, format, image => image.Quality = quality);
        yield return Files.Write(MagickImageDecoderTests.Ramp(hasAlpha: true), MagickFormat.Avif, image => image.Quality = 50);
    }

    private static byte[] Mutate(byte[] intact, Random random)
    {
        byte[] file = [.. intact];
        if (random.Next(8) == 0)
            return file[..random.Next(file.Length)];
        int within = random.Next(2) == 0 ? Math.Min(file.Length, 400) : file.Length;
        for (int i = random.Next(1, 12); i > 0; i--)
            if (random.Next(3) == 0)
                file[random.Next(within)] = (byte)(random.Next(2) * 255);
            else
                file[random.Next(within)] ^= (byte)(1 << random.Next(8));
        return file;
    }

    /// <summary>Writes another size into the box <c>ispe</c>.</summary>
    private static byte[] WithSize(byte[] heic, int width, int height)
    {
        int at = heic.AsSpan().IndexOf("ispe"u8) + 8;
        BinaryPrimitives.WriteInt32BigEndian(heic.AsSpan(at), width);
        BinaryPrimitives.WriteInt32BigEndian(heic.AsSpan(at + 4), height);
        return heic;
    }

    private sealed class HeaderDecoder : IImageDecoder
    {
        public ImageHeader? ReadHeader(ReadOnlyMemory<byte> data, ImageFormat format) => Pixels.Decoder.ReadHeader(data, format);

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
            => throw new InvalidOperationException("The decoder was reached.");
    }
}
