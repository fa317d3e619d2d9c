using System.Text.Json;

namespace Blip.Tests.Images;

/// <summary>The reference images and Pillow's results for them (tests/golden/images).</summary>
internal static class GoldenImages
{
    private static readonly JsonElement Root = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("images", "cases.json"))).RootElement;

    public static IReadOnlyList<JsonElement> Cases { get; } = [.. Root.GetProperty("cases").EnumerateArray()];

    public static IReadOnlyList<JsonElement> Bad { get; } = [.. Root.GetProperty("bad").EnumerateArray()];

    public static string[] Names { get; } = [.. Cases.Select(Name)];

    public static string Name(JsonElement oneCase) => oneCase.GetProperty("file").GetString()!;

    public static JsonElement Case(string name) => Cases.Single(c => Name(c) == name);

    public static bool IsExact(JsonElement oneCase) => oneCase.GetProperty("level").GetString() == "exact";

    public static string PathOf(string name) => TestPaths.Golden("images", "files", name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));
}
