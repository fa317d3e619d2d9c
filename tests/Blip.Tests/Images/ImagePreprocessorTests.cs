using System.Security.Cryptography;
using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

public class ImagePreprocessorTests
{
    public static TheoryData<int, ResizeMode> Sizes => new()
    {
        { 384, ResizeMode.Pillow }, { 480, ResizeMode.Pillow }, { 192, ResizeMode.Pillow },
        { 384, ResizeMode.Classic }, { 192, ResizeMode.Classic },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Process_ExactGolden_IsPillowByteForByte(int size, ResizeMode mode)
    {
        ImageOptions exact = new() { Alpha = AlphaMode.Drop, Orientation = ImageOrientation.Ignore, Resize = mode };
        ImagePreprocessor preprocessor = new(size, size, exact);
        string release = mode == ResizeMode.Pillow ? "pillow" : "classic";
        List<string> wrong = [];
        foreach (JsonElement golden in GoldenImages.Cases.Where(GoldenImages.IsExact))
        {
            string name = GoldenImages.Name(golden);
            using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(GoldenImages.PathOf(name)), Token);
            if (Digest(pixels.Span) != golden.GetProperty(release).GetProperty($"rgb{size}").GetString())
                wrong.Add(name);
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Decode_ExactGolden_IsPillowByteForByte()
    {
        Assert.Empty(GoldenImages.Cases.Where(GoldenImages.IsExact).Where(DiffersFromPillow).Select(GoldenImages.Name));

        static bool DiffersFromPillow(JsonElement golden) =>
            Digest(RgbCollector.Decode(GoldenImages.Bytes(GoldenImages.Name(golden))))
            != golden.GetProperty("pillow").GetProperty("decoded").GetString();
    }

    [Fact]
    public void Process_LooseGolden_IsNear()
    {
        ImagePreprocessor preprocessor = new(192, 192, new ImageOptions { Alpha = AlphaMode.Drop });
        foreach (string name in GoldenImages.Names)
        {
            string expected = TestPaths.Golden("images", "expected", $"rgb192-{name}.png");
            if (!File.Exists(expected))
                continue;
            using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(GoldenImages.PathOf(name)), Token);
            double allowed = GoldenImages.IsExact(GoldenImages.Case(name)) ? 0 : 3;
            Assert.InRange(Differences(pixels.Span, RgbCollector.Decode(File.ReadAllBytes(expected))).Average(), 0, allowed);
        }
    }

    [Fact]
    public void Process_TransparentGolden_IsOverWhite()
    {
        ImagePreprocessor preprocessor = new(192, 192);
        int compared = 0;
        foreach (string name in GoldenImages.Names)
        {
            string expected = TestPaths.Golden("images", "expected", $"white-{name}.png");
            if (!File.Exists(expected))
                continue;
            compared++;
            using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(GoldenImages.PathOf(name)), Token);
            int most = Differences(pixels.Span, RgbCollector.Decode(File.ReadAllBytes(expected))).Max();
            Assert.True(most <= 1, $"{name}: {most}");
        }
        Assert.Equal(6, compared);
    }

    [Fact]
    public void Process_Orient_TurnsAsPillow()
    {
        ImagePreprocessor preprocessor = new(384, 384, new ImageOptions());
        int compared = 0;
        foreach (JsonElement golden in GoldenImages.Cases)
            if (golden.GetProperty("pillow").TryGetProperty("oriented", out JsonElement oriented))
            {
                using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(GoldenImages.PathOf(GoldenImages.Name(golden))), Token);
                Assert.Equal(oriented.GetProperty("rgb384").GetString(), Digest(pixels.Span));
                compared++;
            }
        Assert.Equal(8, compared);
    }

    [Fact]
    public void Process_ManyThreads_GiveTheSameAsOne()
    {
        ImagePreprocessor preprocessor = new(96, 96);
        string[] names = ["scene.jpg", "progressive.jpg", "rgba.png", "transparent.gif", "lossy.webp", "topdown.bmp"];
        BlipImage[] images = [.. names.Select(name => BlipImage.FromFile(GoldenImages.PathOf(name)))];
        string[] alone = [.. images.Select(Hash)];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = 16, CancellationToken = Token };
        Parallel.For(0, 120, parallel, i => Assert.Equal(alone[i % images.Length], Hash(images[i % images.Length])));

        string Hash(BlipImage image)
        {
            using PixelTensor pixels = preprocessor.Process(image, Token);
            return Convert.ToHexString(SHA256.HashData(pixels.Span));
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static int[] Differences(ReadOnlySpan<byte> got, ReadOnlySpan<byte> expected)
    {
        Assert.Equal(expected.Length, got.Length);
        int[] differences = new int[got.Length];
        for (int i = 0; i < got.Length; i++)
            differences[i] = Math.Abs(got[i] - expected[i]);
        return differences;
    }
}
