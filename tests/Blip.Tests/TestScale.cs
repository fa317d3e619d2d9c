using System.Globalization;
using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestFramework(typeof(Blip.Tests.LongTestsFramework))]

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
/// <remarks>
/// They are left out when they are found, not when they run: so neither a class with no other tests is made, nor its fixtures.
/// </remarks>
internal sealed class LongTestsFramework : XunitTestFramework
{
    protected override ITestFrameworkDiscoverer CreateDiscoverer(Assembly assembly)
    {
        ITestFrameworkDiscoverer all = base.CreateDiscoverer(assembly);
        return TestScale.Asked is null ? new WithoutLongTests(((XunitTestFrameworkDiscoverer)all).TestAssembly) : all;
    }

    private sealed class WithoutLongTests(IXunitTestAssembly assembly) : XunitTestFrameworkDiscoverer(assembly)
    {
        protected override ValueTask<bool> FindTestsForMethod(
            IXunitTestMethod testMethod,
            ITestFrameworkDiscoveryOptions discoveryOptions,
            Func<ITestCase, ValueTask<bool>> discoveryCallback)
        {
            if (testMethod.Traits.TryGetValue("Category", out IReadOnlyCollection<string>? categories) && categories.Contains("Long"))
            {
                foreach (FactAttribute attribute in testMethod.FactAttributes.Cast<FactAttribute>())
                    attribute.Skip ??= "Long: set BLIP_TEST_SCALE to the part of it that runs (0.1), or to 1 for the whole.";
            }
            return base.FindTestsForMethod(testMethod, discoveryOptions, discoveryCallback);
        }
    }
}
