namespace Blip.Files;

/// <summary>Reads <c>~</c> at the start of a folder's path as a shell does.</summary>
internal static class HomePath
{
    /// <summary>The user's home.</summary>
    public static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    public static string Expand(string path) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) || path.StartsWith(@"~\", StringComparison.Ordinal)
            ? Home + path[1..] : path;
}
