using System.Text.RegularExpressions;

namespace Blip.Hub;

/// <summary>
/// A file of a repository as the hub describes it. Its etag is the SHA-256 of a large file, or the git blob id of a small file.
/// </summary>
internal sealed partial record HubFile(string Name, string Commit, string Etag, long Size)
{
    /// <summary>
    /// The hash in an ETag header, or null when the header holds no hash. The etag becomes a file name in the cache, so only
    /// hexadecimal digits may pass.
    /// </summary>
    public static string? ReadEtag(string? header)
    {
        if (header is null)
            return null;
        string etag = header.StartsWith("W/", StringComparison.Ordinal) ? header[2..] : header;
        etag = etag.Trim('"').ToLowerInvariant();
        return HashPattern().IsMatch(etag) ? etag : null;
    }

    public static bool IsHash(string name) => HashPattern().IsMatch(name);

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex HashPattern();
}
