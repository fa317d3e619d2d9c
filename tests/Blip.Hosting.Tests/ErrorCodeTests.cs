using System.Reflection;
using System.Text.RegularExpressions;
using Blip.AI;
using Blip.AI.Images;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The codes of all layers are one set, because a caller of the service can get every one of them.</summary>
public sealed class ErrorCodeTests
{
    private static readonly Type[] Layers =
        [typeof(BlipErrorCode), typeof(ImageSourceErrorCode), typeof(ServiceErrorCode), typeof(HttpErrorCode)];

    public static IReadOnlyList<string> All { get; } =
    [
        .. Layers.SelectMany(layer => layer.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(code => (string)code.GetRawConstantValue()!),
    ];

    [Fact]
    public void Codes_OfAllLayers_AreSnakeCaseAndUnique()
    {
        Assert.Equal(All.Count, All.Distinct().Count());
        Assert.All(All, code => Assert.Matches("^[a-z]+(_[a-z]+)*$", code));
    }

    [Fact]
    public void Codes_AndNoOthers_HaveARowInTheDocumentation()
    {
        string page = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "errors.md"));
        string table = page[page.IndexOf("## Codes", StringComparison.Ordinal)..page.IndexOf("## It does not", StringComparison.Ordinal)];
        IEnumerable<string> rows = Regex.Matches(table, "^\\| `([a-z_]+)` \\|", RegexOptions.Multiline).Select(row => row.Groups[1].Value);
        Assert.Equal(All.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }
}
