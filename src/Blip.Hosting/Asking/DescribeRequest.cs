using System.Text.RegularExpressions;

namespace Blip.Hosting.Asking;

/// <summary>
/// Tells whether a message asks for a description, which a captioning model gives better than one that answers questions.
/// </summary>
internal static partial class DescribeRequest
{
    public static bool Is(string message) => Form.IsMatch(message);

    [GeneratedRegex(
        @"^\W*((please|can you|could you|would you)\W+)*((describe|caption)\b|(write|give|make|generate|create|provide)\W+(me\W+)?"
        + @"(an?|the)\W+(\w+\W+)?(caption|description)\b)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
