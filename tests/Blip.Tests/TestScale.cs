using System.Globalization;

namespace Blip.Tests;

/// <summary>
/// How much of a long proof runs: the share given by <c>BLIP_TEST_SCALE</c> (1 = whole, as the CI runs it), a twentieth by default
/// so that plain <c>dotnet test</c> stays short. Tests that use it carry the trait <c>Category=Long</c>.
/// </summary>
internal static class TestScale
{
    public static double Share { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("BLIP_TEST_SCALE"), CultureInfo.InvariantCulture, out double share) ? Math.Clamp(share, 0.001, 1) : 0.05;

    public static int Of(int whole) => Math.Max(1, (int)(whole * Share));
}
