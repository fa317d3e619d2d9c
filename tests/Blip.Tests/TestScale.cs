using System.Globalization;
using System.Reflection;
using Xunit;
using Xunit.v3;

[assembly: Blip.Tests.LongTests]

namespace Blip.Tests;

/// <summary>
/// The part of a long test that runs. <c>BLIP_TEST_SCALE</c> sets it: 1 is the whole test, 0.1 what CI runs. Tests that use it have the
/// trait <c>Category=Long</c>.
/// </summary>
internal static class TestScale
{
    public static double? Asked { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("BLIP_TEST_SCALE"), CultureInfo.InvariantCulture, out double share)
            ? Math.Clamp(share, 0.001, 1)
            : null;

    public static double Share => Asked ?? 0.05;

    public static int Of(int whole) => Math.Max(1, (int)(whole * Share));
}

/// <summary>Leaves long tests out where no scale is set, so that <c>dotnet test</c> does not take long.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class LongTestsAttribute : BeforeAfterTestAttribute
{
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => Assert.SkipWhen(
        TestScale.Asked is null && test.Traits.TryGetValue("Category", out var categories) && categories.Contains("Long"),
        "Long: set BLIP_TEST_SCALE to the part of it that runs (0.1), or to 1 for the whole.");
}
