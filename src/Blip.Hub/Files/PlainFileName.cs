namespace Blip.Files;

/// <summary>
/// Names of files and tensors that come from untrusted text: the one rule for what may be a file's name, and how a message shows a
/// name.
/// </summary>
internal static class PlainFileName
{
    private const int MaxLength = 255, MaxShown = 120;

    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

    /// <summary>
    /// Whether the name is a plain file name by the rules of POSIX and of Windows: no folder, drive, stream, device or hidden file.
    /// </summary>
    public static bool IsPlain(string name)
    {
        if (name.Length is 0 or > MaxLength || name[0] == '.' || name[^1] is '.' or ' ')
            return false;
        foreach (char c in name)
        {
            if (c < ' ' || c is '/' or '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' or '\u007f')
                return false;
        }
        return !IsDevice(name);
    }

    /// <summary>Whether Windows opens a device for this name in any folder. <c>NUL.jpg</c> and <c>nul .jpg</c> are devices, too.</summary>
    public static bool IsDevice(ReadOnlySpan<char> name)
    {
        int dot = name.IndexOf('.');
        ReadOnlySpan<char> stem = (dot < 0 ? name : name[..dot]).TrimEnd(' ');
        foreach (string device in Devices)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        // COM and LPT have one digit after them. A superscript digit counts, too.
        return stem.Length == 4 && stem[3] is (>= '0' and <= '9') or '\u00b9' or '\u00b2' or '\u00b3'
            && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The name as a message shows it: at most 120 characters, on one line, without control characters.</summary>
    public static string Shown(string name) =>
        string.Concat(name.Take(MaxShown).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c))
        + (name.Length > MaxShown ? "..." : "");
}
