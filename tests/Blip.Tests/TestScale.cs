using System.Globalization;

namespace Blip.Tests;

/// <summary>
/// The part of a long test that runs. <c>BLIP_TEST_SCALE</c> sets it: 1 is the whole test, as in CI. The default is a twentieth, so that
/// <c>dotnet test</c> does not take long. Tests that use it have the trait <c>Category=Long</c>.
/// </summary>
internal static class TestScale
{
    public static double Share { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("BLIP_TEST_SCALE"), CultureInfo.InvariantCulture, out double share)
            ? Math.Clamp(share, 0.001, 1)
            : 0.05;

    public static int Of(int whole) => Math.Max(1, (int)(whole * Share));
}
