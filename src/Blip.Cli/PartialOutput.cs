namespace Blip.Cli;

/// <summary>
/// Names a temporary file or folder for output that is not complete yet. It is in the same folder as the target, so that a rename is
/// enough at the end, and its name is unique.
/// </summary>
internal static class PartialOutput
{
    /// <summary>
    /// Says early why a file cannot be written there: it is a folder, a pipe or a device, its folder does not exist, or it is an input
    /// itself.
    /// </summary>
    /// <exception cref="BlipException">It cannot.</exception>
    public static void Check(string target, params ReadOnlySpan<string?> inputs)
    {
        if (Directory.Exists(target))
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{target} is a folder. Name a file in it.");
        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(target))))
            throw new BlipException(BlipErrorCode.FileNotFound, $"The folder of {target} does not exist. Create it first.");
        // A rename would put a file in its place.
        InputLines.RequireOrdinary(target);
        foreach (string? input in inputs)
        {
            if (File.Exists(target) && File.Exists(input) && Real(target) == Real(input))
                throw new BlipException(BlipErrorCode.InvalidRequest, $"{target} is the input itself. Write to another file.");
        }
    }

    /// <summary>The path without links: one to a folder leads to the same files too.</summary>
    private static string Real(string path)
    {
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } folder)
            return full;
        string real = Path.Combine(Real(folder), Path.GetFileName(full));
        return File.ResolveLinkTarget(real, returnFinalTarget: true) is { } target ? Real(target.FullName) : real;
    }

    public static string Beside(string target) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(target)) ?? "", $".blip-{Guid.NewGuid():N}");
}
