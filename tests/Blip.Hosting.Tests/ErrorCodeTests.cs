using System.Reflection;
using Blip.AI;
using Blip.AI.Images;
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
}
