using System.Buffers;
using Blip.Files;

namespace Blip.AI.Images;

/// <summary>What the text of a file reference says, before the file system is touched.</summary>
internal static class FileReference
{
    private static readonly SearchValues<char> Separators = SearchValues.Create("/\\");

    /// <summary>The path of a <c>file:</c> address; null where it names another machine or is malformed.</summary>
    public static string? FromUri(string text)
    {
        string path = text["file:".Length..];
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = path.IndexOf('/', 2);
            if (slash < 0 || (slash > 2 && !path.AsSpan(2, slash - 2).Equals("localhost", StringComparison.OrdinalIgnoreCase)))
                return null;
            path = path[slash..];
        }

        path = Uri.UnescapeDataString(path);
        if (OperatingSystem.IsWindows() && path.Length > 2 && path[0] == '/' && path[2] == ':')
            path = path[1..];
        return Path.IsPathFullyQualified(path) && !path.AsSpan().ContainsAnyInRange('\0', '\x1f') ? path : null;
    }

    /// <summary>Whether the path starts with two slashes of either kind: it may name another machine, or a device of Windows.</summary>
    public static bool IsUnc(string path) => path.Length > 1 && Separators.Contains(path[0]) && Separators.Contains(path[1]);

    /// <summary>
    /// Whether Windows would take a part of the path for a device, an alternate data stream or another spelling of a name. The answer is
    /// the same on every system, so that a policy does not depend on where it runs.
    /// </summary>
    public static bool HasDeviceName(string path)
    {
        ReadOnlySpan<char> rest = path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0]) ? path.AsSpan(2) : path;
        foreach (Range range in rest.SplitAny(Separators))
        {
            ReadOnlySpan<char> part = rest[range];
            if (part is "" or "." or "..")
                continue;
            if (part.Contains(':') || part is "??" || part[^1] is '.' or ' ' || PlainFileName.IsDevice(part))
                return true;
        }
        return false;
    }
}
