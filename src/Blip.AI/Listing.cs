namespace Blip.AI;

/// <summary>Writes what may be chosen, for messages and descriptions.</summary>
internal static class Listing
{
    /// <summary>One or more things as <c>a</c>, <c>a or b</c>, <c>a, b or c</c>.</summary>
    public static string Or(List<string> things) => things.Count > 1 ? $"{string.Join(", ", things[..^1])} or {things[^1]}" : things[0];
}
