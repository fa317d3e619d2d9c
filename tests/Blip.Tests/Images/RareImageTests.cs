using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>
/// Rare but intact files of bmpsuite, pygif and Pillow, and the images that those suites say are right (tests/golden/images/rare).
/// </summary>
public class RareImageTests
{
    private static readonly JsonElement[] Cases =
    [
        .. JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("images", "rare", "rare.json"))).RootElement.EnumerateArray(),
    ];

    public static TheoryData<string> Files { get; } = [.. Cases.Select(c => c.GetProperty("file").GetString()!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Decode_RareFile_IsAsItsSuiteSays(string file)
    {
        JsonElement rare = Cases.Single(c => c.GetProperty("file").GetString() == file);
        byte[] pixels = RgbCollector.Decode(Bytes(file), AlphaMode.White);
        if (!rare.TryGetProperty("as", out JsonElement reference))
            return;
        (_, int most) = Decoders.Difference(pixels, RgbCollector.Decode(Bytes(reference.GetString()!), AlphaMode.White));
        Assert.InRange(most, 0, rare.GetProperty("most").GetInt32());
    }

    private static byte[] Bytes(string file) => File.ReadAllBytes(TestPaths.Golden(["images", .. file.Split('/')]));
}
