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
        List<string> far = [], refused = [];
        foreach (string name in GoldenImages.Names)
        {
            ImageOptions options = new() { Alpha = AlphaMode.White };
            BlipImage image = BlipImage.FromFile(GoldenImages.PathOf(name));
            using PixelTensor expected = new ImagePreprocessor(384, 384, options).Process(image, Token);
            try
            {
                using PixelTensor pixels = new ImagePreprocessor(384, 384, options, Decoder).Process(image, Token);
                (double mean, int most) = Decoders.Difference(expected.Span, pixels.Span);
                worst = Math.Max(worst, mean);
                exact += most == 0 ? 1 : 0;
                // JPEG: ImageSharp repeats the colour of a block, and other decoders smooth it, so sharp edges between colours differ.
                bool lossy = name.EndsWith(".jpg", StringComparison.Ordinal) || name is "jpeg-named.png";
                if (!(lossy ? mean < 2 && most <= 64 : most == 0))
                    far.Add($"{name}: mean {mean:0.000}, most {most}");
            }
            catch (BlipException failure)
            {
                Assert.Equal(BlipErrorCode.UnsupportedImage, failure.Code);
                Assert.Contains("Skia", failure.Message, StringComparison.Ordinal);
                refused.Add(name);
            }
        }
        Assert.Empty(far);
        string[] rare =
            ["alpha.webp", "animated.webp", "cmyk.jpg", "gray16.png", "interlaced.png", "lossless.webp", "lossy.webp", "rgb16.png"];
        Assert.Equal(rare, refused.Order(StringComparer.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine($"{exact} exact, worst mean {worst:0.000}");
        Assert.True(exact >= 40);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(4, 9)]
    [InlineData(8, 200)]
    public void Process_PaletteWithoutAColourForEachIndex_IsAsByTheDefault(int depth, int colours)
    {
        Random random = new(depth);
        byte[] rows = new byte[33 * (1 + ((40 * depth) + 7) / 8)];
        random.NextBytes(rows);
        for (int at = 0; at < rows.Length; at += rows.Length / 33)
            rows[at] = (byte)random.Next(5);
        byte[] palette = new byte[3 * colours], alpha = new byte[(colours + 1) / 2];
        random.NextBytes(palette);
        random.NextBytes(alpha);
        BlipImage image = BlipImage.FromBytes(ImageBuilder.Png(40, 33, depth, 3, rows, palette, alpha));
        foreach (AlphaMode mode in (AlphaMode[])[AlphaMode.White, AlphaMode.Drop])
        {
            ImageOptions options = new() { Alpha = mode };
            using PixelTensor expected = new ImagePreprocessor(40, 33, options).Process(image, Token);
            using PixelTensor pixels = new ImagePreprocessor(40, 33, options, Decoder).Process(image, Token);
            Assert.Equal(expected.Span, pixels.Span);
        }
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
}
