namespace Blip.Cli;

/// <summary>
/// Names a temporary file or folder for output that is not complete yet. It is in the same folder as the target, so that a rename is
/// enough at the end, and its name is unique.
/// </summary>
internal static class PartialOutput
{
    public static string Beside(string target) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(target)) ?? "", $".blip-{Guid.NewGuid():N}");
}
