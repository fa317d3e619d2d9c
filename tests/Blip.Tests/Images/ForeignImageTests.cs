using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>Files that decoders got wrong, each with its verdict for both decoders (tests/golden/images/foreign/verdicts.json).</summary>
public class ForeignImageTests
{
    private const string Ok = "ok";

    private static readonly JsonElement[] Verdicts =
    [
        .. JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("images", "foreign", "verdicts.json"))).RootElement.EnumerateArray(),
    ];

    public static TheoryData<string> Files { get; } = [.. Verdicts.Select(v => v.GetProperty("file").GetString()!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Process_ForeignFile_HasItsVerdictInBothDecoders(string file)
    {
        JsonElement verdict = Verdicts.Single(v => v.GetProperty("file").GetString() == file);
        using PixelTensor? skia = Process(file, verdict, Decoders.Skia);
        using PixelTensor? managed = Process(file, verdict, Decoders.ImageSharp);
        if (skia is null || managed is null)
            return;
        (double mean, int most) = Decoders.Difference(skia.Span, managed.Span);
        Assert.True(mean <= verdict.GetProperty("mean").GetDouble(), $"mean {mean}");
        Assert.True(most <= verdict.GetProperty("most").GetInt32(), $"most {most}");
    }

    private static PixelTensor? Process(string file, JsonElement verdict, string decoder)
    {
        string expected = verdict.GetProperty(decoder).GetString()!;
        ImagePreprocessor preprocessor = new(384, 384, decoder: Decoders.Of(decoder));
        BlipImage image = BlipImage.FromFile(TestPaths.Golden(["images", .. file.Split('/')]));
        try
        {
            PixelTensor pixels = preprocessor.Process(image, TestContext.Current.CancellationToken);
            Assert.True(expected == Ok, $"{decoder} reads it.");
            return pixels;
        }
        catch (BlipException refused)
        {
            Assert.True(refused.Code == expected, $"{decoder}: {refused.Code}: {refused.Message}");
            // What Skia refuses is refused before any decoder, so both give that sentence.
            if (expected == BlipErrorCode.UnsupportedImage)
                Assert.Matches(verdict.GetProperty("says").GetString()!, refused.Message);
            return null;
        }
    }
}
