using System.Globalization;

namespace Blip.Tests;

/// <summary>Cultures that write numbers in their own ways, made here so that they are there in every globalization mode.</summary>
internal static class TestCultures
{
    public static IReadOnlyList<CultureInfo> All { get; } =
        [CultureInfo.InvariantCulture, Make(",", "-"), Make(".", "\u2212"), Make("\u066b", "\u061c-")];

    /// <summary>Does something in a culture, which flows into all that it awaits.</summary>
    public static async Task<T> RunAsync<T>(CultureInfo culture, Func<Task<T>> action)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = culture;
        try
        {
            return await action();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo Make(string decimalSeparator, string negativeSign)
    {
        CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NegativeSign) = (decimalSeparator, negativeSign);
        return culture;
    }
}
