using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Blip.Files;

namespace Blip.Hub;

/// <summary>
/// The id of a model on the hub: <c>org/name</c> or <c>name</c>, and optionally <c>@</c> with a revision (a branch, a tag or a
/// commit). Immutable.
/// </summary>
/// <remarks>
/// The rules are those of the hub. They also make an id a safe part of a path and of an address. A repository has at most 96
/// characters: letters, digits, <c>.</c>, <c>_</c> and <c>-</c>. It does not begin or end with <c>.</c> or <c>-</c>, and has no
/// <c>..</c> or <c>--</c>. A revision is a git reference of at most 200 letters, digits and <c>. _ - + /</c>.
/// </remarks>
public sealed partial record HubModelId
{
    private const int MaxRepositoryLength = 96;
    private const int MaxRevisionLength = 200;

    // The first part of the hub's pages that are not of a model.
    private static readonly string[] OtherPages =
        ["api", "blog", "collections", "datasets", "docs", "models", "papers", "settings", "spaces"];

    private HubModelId(string repository, string? revision) => (Repository, Revision) = (repository, revision);

    /// <summary>The repository: <c>org/name</c> or <c>name</c>.</summary>
    public string Repository { get; }

    /// <summary>The branch, tag or commit; null when the id names none. A commit is in lower case.</summary>
    public string? Revision { get; }

    /// <summary>The repository's folder in the cache, as the Python client names it.</summary>
    internal string Folder => FolderPrefix + Repository.Replace("/", "--", StringComparison.Ordinal);

    internal const string FolderPrefix = "models--";

    /// <summary>Reads an id, or the web address of a model's page or file on the hub, as it stands in a browser.</summary>
    /// <param name="id">
    /// <c>org/name</c> or <c>name</c>, optionally with <c>@revision</c>; or <c>https://huggingface.co/org/name</c>, also with
    /// <c>/tree/revision</c>, <c>/blob/revision/file</c> or <c>/resolve/revision/file</c>; the host may be that of <c>HF_ENDPOINT</c>.
    /// </param>
    /// <exception cref="BlipException">The text is not an id (<see cref="BlipErrorCode.InvalidRequest"/>).</exception>
    public static HubModelId Parse(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return TryParse(id, out HubModelId? model)
            ? model
            : throw new BlipException(BlipErrorCode.InvalidRequest,
                $"'{Shown(id)}' is not the id of a model on the hub. An id is org/name or name, optionally with @revision, "
                + "of letters, digits, '.', '_' and '-'; or the address of the model's page.");
    }

    /// <summary>Reads an id; false when the text is not an id.</summary>
    /// <param name="id">As <see cref="Parse"/> takes it.</param>
    /// <param name="model">The id; null when the text is not an id.</param>
    public static bool TryParse([NotNullWhen(true)] string? id, [NotNullWhen(true)] out HubModelId? model)
    {
        model = null;
        if (id?.StartsWith("http", StringComparison.Ordinal) == true && id.Contains("://", StringComparison.Ordinal))
            id = FromAddress(id);
        if (id is null)
            return false;
        int at = id.IndexOf('@', StringComparison.Ordinal);
        string repository = at < 0 ? id : id[..at];
        string? revision = at < 0 ? null : id[(at + 1)..];
        if (repository.Length > MaxRepositoryLength || !RepositoryPattern().IsMatch(repository)
            || repository.EndsWith(".git", StringComparison.Ordinal) || (revision is not null && !IsRevision(revision)))
            return false;
        model = new HubModelId(repository, revision is not null && IsCommit(revision) ? revision.ToLowerInvariant() : revision);
        return true;
    }

    /// <summary>The id as it is written: with the revision when there is one.</summary>
    public override string ToString() => Revision is null ? Repository : $"{Repository}@{Revision}";

    internal static HubModelId? FromFolder(string folder) =>
        folder.StartsWith(FolderPrefix, StringComparison.Ordinal)
        && TryParse(folder[FolderPrefix.Length..].Replace("--", "/", StringComparison.Ordinal), out HubModelId? model) ? model : null;

    internal static bool IsRevision(string revision) =>
        revision.Length <= MaxRevisionLength && RevisionPattern().IsMatch(revision)
        && !revision.Split('/').Any(part => part.EndsWith(".lock", StringComparison.Ordinal) || PlainFileName.IsDevice(part));

    internal static bool IsCommit(string revision) => revision.Length == 40 && revision.All(char.IsAsciiHexDigit);

    /// <summary>The id in the address of a page or file of a model; null where it is none.</summary>
    private static string? FromAddress(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.UserInfo.Length > 0 || !IsHub(address))
            return null;
        string[] parts = [.. address.AbsolutePath.Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        int kind = Array.FindIndex(parts, 1, part => part is "tree" or "blob" or "resolve" or "commit");
        string repository = string.Join('/', kind < 0 ? parts : parts[..kind]);
        if (OtherPages.Contains(parts[0]))
            return null;
        if (kind < 0)
            return repository;
        string[] rest = parts[(kind + 1)..];
        // A branch with a slash is one part, escaped; the hub's own references are three.
        return rest switch
        {
            [] => null,
            ["refs", var set, var name, ..] => $"{repository}@refs/{set}/{name}",
            [var revision, ..] => $"{repository}@{revision}",
        };
    }

    private static bool IsHub(Uri address) => address.IdnHost is "huggingface.co" or "www.huggingface.co" or "hf.co"
        || (Uri.TryCreate(Environment.GetEnvironmentVariable("HF_ENDPOINT"), UriKind.Absolute, out Uri? own)
            && string.Equals(own.Authority, address.Authority, StringComparison.OrdinalIgnoreCase));

    private static string Shown(string id) => string.Concat(id.Take(100).Select(c => char.IsControl(c) ? '?' : c));

    // No part begins or ends with '.' or '-', and ".." and "--" are forbidden. So a part is never a parent folder, a hidden file or an
    // option of a command.
    [GeneratedRegex(
        @"^(?!.*(\.\.|--))[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?(/[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryPattern();

    [GeneratedRegex(
        @"^(?!.*\.\.)[A-Za-z0-9_+-]([A-Za-z0-9._+-]*[A-Za-z0-9_+-])?(/[A-Za-z0-9_+-]([A-Za-z0-9._+-]*[A-Za-z0-9_+-])?)*\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex RevisionPattern();
}
