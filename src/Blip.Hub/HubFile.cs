using System.Text.RegularExpressions;

namespace Blip.Hub;

/// <summary>A file of a repository as the hub describes it. The etag is its SHA-256 (large files) or its git blob id (small ones).</summary>
internal sealed partial record HubFile(string Name, string Commit, string Etag, long Size)
{
    /// <summary>The hash in an ETag header, or null when it is none: an etag names a file in the cache, so only hex may pass.</summary>
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
