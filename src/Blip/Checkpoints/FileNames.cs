namespace Blip.Checkpoints;

/// <summary>Names found in untrusted files.</summary>
internal static class FileNames
{
    /// <summary>Whether it is a plain file name by the rules of POSIX and of Windows.</summary>
    public static bool IsPlain(string name)
    {
        if (name.Length is 0 or > 255 || name[0] == '.' || name[^1] is '.' or ' ')
            return false;
        foreach (char c in name)
        {
            if (c < ' ' || c is '/' or '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' or '\u007f')
                return false;
        }
        string stem = name.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
        return stem is not ("CON" or "PRN" or "AUX" or "NUL" or "CONIN$" or "CONOUT$")
            && !(stem.Length == 4 && (stem.StartsWith("COM", StringComparison.Ordinal) || stem.StartsWith("LPT", StringComparison.Ordinal)) && (char.IsDigit(stem[3]) || stem[3] is '¹' or '²' or '³'));
    }

    /// <summary>The name as a message shows it: short, on one line, without control characters.</summary>
    public static string Shown(string name)
    {
        const int Most = 120;
        return string.Concat(name.Take(Most).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)) + (name.Length > Most ? "..." : "");
    }
}
