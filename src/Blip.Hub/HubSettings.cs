using System.Text.RegularExpressions;

namespace Blip.Hub;

/// <summary>
/// The options, and the environment's value for each option that is null. The environment is read once, so a client's settings do
/// not change while it is in use.
/// </summary>
internal sealed partial class HubSettings
{
    private HubSettings(HubOptions options)
    {
        Options = options;
        string home = FolderSetting("HF_HOME")
            ?? Path.Combine(FolderSetting("XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");
        CacheFolder = Path.GetFullPath(options.CacheFolder
            ?? FolderSetting("HF_HUB_CACHE") ?? FolderSetting("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"));
        Endpoint = ReadEndpoint(options.Endpoint?.OriginalString ?? Setting("HF_ENDPOINT") ?? "https://huggingface.co");
        Token = ReadToken(options.Token ?? Setting("HF_TOKEN") ?? Setting("HUGGING_FACE_HUB_TOKEN")
            ?? FileText(FolderSetting("HF_TOKEN_PATH") ?? Path.Combine(home, "token")));
        Offline = options.Offline ?? IsTrue(Setting("HF_HUB_OFFLINE") ?? Setting("TRANSFORMERS_OFFLINE"));
        DisableProgress = options.DisableProgress ?? IsTrue(Setting("HF_HUB_DISABLE_PROGRESS_BARS"));
    }

    public HubOptions Options { get; }

    public string CacheFolder { get; }

    public Uri Endpoint { get; }

    public string? Token { get; }

    public bool Offline { get; }

    public bool DisableProgress { get; }

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    public static HubSettings From(HubOptions? options)
    {
        options ??= new HubOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxParallelFiles, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxParallelFiles, 64);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Retries);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Retries, 100);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.IdleTimeout, TimeSpan.Zero);
        if (!HubModelId.IsRevision(options.Revision))
            throw Invalid("The revision is not a branch, tag or commit. It may have only letters, digits and . _ - + /");
        return new HubSettings(options);
    }

    /// <summary>The revision of an id, or the default revision when the id has none.</summary>
    public string RevisionOf(HubModelId model)
    {
        string revision = model.Revision ?? Options.Revision;
        return HubModelId.IsCommit(revision) ? revision.ToLowerInvariant() : revision;
    }

    private string? Setting(string name) => Options.Environment(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;

    // The Python client reads folders in this way: it expands ~ at the start, and $NAME.
    private string? FolderSetting(string name)
    {
        string? value = Setting(name);
        if (value is null)
            return null;
        if (value == "~" || value.StartsWith("~/", StringComparison.Ordinal) || value.StartsWith(@"~\", StringComparison.Ordinal))
            value = UserFolder + value[1..];
        return Variable().Replace(value, match => Options.Environment(match.Groups["name"].Value) ?? match.Value);
    }

    private static Uri ReadEndpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https"
        && endpoint is { UserInfo: "", Query: "", Fragment: "" }
            ? endpoint
            : throw Invalid("The hub's endpoint is not an address like https://huggingface.co. "
                + "It must be http or https, without user, query or fragment.");

    private static string? ReadToken(string? text)
    {
        string? token = text?.Trim();
        if (string.IsNullOrEmpty(token))
            return null;
        return token.All(c => c is > (char)32 and < (char)127)
            ? token
            : throw Invalid("The hub token has characters that a token cannot have. Check HF_TOKEN or the token file.");
    }

    private static string? FileText(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsTrue(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);

    [GeneratedRegex(@"\$(\{(?<name>\w+)\}|(?<name>\w+))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();
}
