using System.Text.Json;
using Blip.AI;
using Blip.Images;
using Blip.ImageSharp;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>Compares the managed decoder with the default one, whose pixels are those of Pillow.</summary>
public class ImageSharpDecoderTests
{
    private static readonly ImageSharpDecoder Decoder = new();

    [Fact]
    public void Process_Golden_IsNearTheDefaultDecoderAndEqualWithoutLoss()
    {
        double worst = 0;
        int exact = 0;
        List<string> far = [];
        foreach (string name in GoldenImages.Names.Except(["animated.webp"]))
        {
            ImageOptions options = new() { Alpha = AlphaMode.White };
            BlipImage image = BlipImage.FromFile(GoldenImages.PathOf(name));
            using PixelTensor expected = new ImagePreprocessor(384, 384, options).Process(image, Token);
            using PixelTensor pixels = new ImagePreprocessor(384, 384, options, Decoder).Process(image, Token);
            (double mean, int most) = Difference(expected.Span, pixels.Span);
            worst = Math.Max(worst, mean);
            exact += most == 0 ? 1 : 0;
            // JPEG: ImageSharp repeats the colour of a block, and other decoders smooth it, so sharp edges between colours differ.
            // 16 bits: ImageSharp rounds, and Pillow truncates.
            bool lossy = name.EndsWith(".jpg", StringComparison.Ordinal) || name is "lossy.webp" or "jpeg-named.png";
            if (!(lossy ? mean < 2 && most <= 64 : most <= (name.Contains("16", StringComparison.Ordinal) ? 3 : 0)))
                far.Add($"{name}: mean {mean:0.000}, most {most}");
        }
        Assert.Empty(far);
        TestContext.Current.TestOutputHelper?.WriteLine($"{exact} exact, worst mean {worst:0.000}");
        Assert.True(exact > 40);
    }

    [Fact]
    public void Process_AnimatedWebP_IsRefusedByName()
    {
        BlipException refused = Assert.Throws<BlipException>(() => Process(GoldenImages.Bytes("animated.webp")));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("animated WebP", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Process_BadGolden_IsRefusedAsByTheDefault()
    {
        foreach (JsonElement bad in GoldenImages.Bad)
        {
            byte[] bytes = File.ReadAllBytes(TestPaths.Golden("images", "bad", GoldenImages.Name(bad)));
            BlipException refused = Assert.Throws<BlipException>(() => Process(bytes));
            Assert.Matches($"(?i){bad.GetProperty("says").GetString()}", refused.Message);
        }
    }

    [Fact]
    public void Process_EveryTruncation_IsRefused()
    {
        string[] names =
            ["exif-1.jpg", "progressive.jpg", "size-3x900.png", "lossless.webp", "opaque.gif", "topdown.bmp", "interlaced.png"];
        foreach (string name in names)
        {
            byte[] whole = GoldenImages.Bytes(name);
            for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 60))
            {
                BlipException refused = Assert.Throws<BlipException>(() => Process(whole[..length]));
                Assert.True(refused.Code == BlipErrorCode.ImageCorrupt || length < 12, $"{name} {length}: {refused.Message}");
            }
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Process_FlippedBits_IsReadOrRefused()
    {
        byte[][] files = [.. GoldenImages.Names.Select(GoldenImages.Bytes).Where(bytes => bytes.Length < 60_000)];
        Random random = new(17);
        for (int round = 0; round < TestScale.Of(5_000); round++)
        {
            byte[] file = [.. files[random.Next(files.Length)]];
            for (int i = random.Next(1, 12); i > 0; i--)
                file[random.Next(Math.Min(file.Length, random.Next(2) == 0 ? 700 : file.Length))] ^= (byte)(1 << random.Next(8));
            if (file[0] == 0x89)
                ImageBuilder.RepairPng(file);
            try
            {
                Process(file);
            }
            catch (BlipException refused)
            {
                string[] expected = [BlipErrorCode.ImageCorrupt, BlipErrorCode.UnsupportedImage, BlipErrorCode.TooManyPixels];
                Assert.Contains(refused.Code, expected);
            }
        }
    }

    [Fact]
    public async Task UseImageSharp_Samples_HaveTheSameAnswers()
    {
        ServiceCollection services = new();
        services.AddBlip();
        services.UseImageSharp();
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.IsType<ImageSharpDecoder>(provider.GetRequiredService<IImageDecoder>());
        BlipModel model = await provider.GetRequiredService<BlipService>().GetModelAsync(cancellationToken: Token);
        using JsonDocument samples = JsonDocument.Parse(await File.ReadAllBytesAsync(TestPaths.Sample("samples.json"), Token));
        foreach (JsonProperty file in samples.RootElement.EnumerateObject())
        {
            BlipImage image = BlipImage.FromFile(TestPaths.Sample(file.Name));
            foreach (JsonElement sample in file.Value.EnumerateArray())
            {
                Answer answer = await model.AskAsync(image, sample.GetProperty("question").GetString()!, cancellationToken: Token);
                Assert.Equal(sample.GetProperty("answer").GetString(), answer.Text);
            }
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Process(byte[] bytes)
    {
        ImageOptions options = new() { Limits = new ImageLimits { MaxPixels = 4_000_000 } };
        new ImagePreprocessor(32, 32, options, Decoder).Process(BlipImage.FromBytes(bytes), Token).Dispose();
    }

    private static (double Mean, int Most) Difference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        long sum = 0;
        int most = 0;
        for (int i = 0; i < a.Length; i++)
        {
            int difference = Math.Abs(a[i] - b[i]);
            sum += difference;
            most = Math.Max(most, difference);
        }
        return ((double)sum / a.Length, most);
    }
}
