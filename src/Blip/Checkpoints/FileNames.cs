namespace Blip.Checkpoints;

/// <summary>Tells whether a name found in an untrusted file is a plain file name by the rules of POSIX and of Windows.</summary>
internal static class FileNames
{
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
}
