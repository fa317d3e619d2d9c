using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Blip.Files;

namespace Blip.Hub;

/// <summary>
/// The options, and the environment's value for each option that is null. The environment is read once, so a client's settings do
/// not change while it is in use.
/// </summary>
internal sealed partial class HubSettings
{
    private const int MaxTokenFile = 64 * 1024;

    private HubSettings(HubOptions options)
    {
        Options = options;
        string home = FolderSetting("HF_HOME")
            ?? Path.Combine(FolderSetting("XDG_CACHE_HOME") ?? Path.Combine(HomePath.Home, ".cache"), "huggingface");
        CacheFolder = Path.GetFullPath(options.CacheFolder
            ?? FolderSetting("HF_HUB_CACHE") ?? FolderSetting("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"));
        Endpoint = ReadEndpoint(options.Endpoint?.OriginalString ?? Setting("HF_ENDPOINT") ?? "https://huggingface.co");
        Token = ReadToken(options.Token ?? Setting("HF_TOKEN") ?? Setting("HUGGING_FACE_HUB_TOKEN")
            ?? TokenFile(FolderSetting("HF_TOKEN_PATH") ?? Path.Combine(home, "token")));
        IsTokenHeldBack = options.Token is null && Token is not null && IsTrue(Setting("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
        DescriptionTimeout = options.IdleTimeout ?? Seconds("HF_HUB_ETAG_TIMEOUT") ?? TimeSpan.FromSeconds(10);
        TimeSpan? download = options.IdleTimeout ?? Seconds("HF_HUB_DOWNLOAD_TIMEOUT");
        AnswerTimeout = download ?? TimeSpan.FromSeconds(10);
        StallTimeout = download ?? TimeSpan.FromSeconds(30);
        Authorities = ReadAuthorities(FolderSetting("REQUESTS_CA_BUNDLE") ?? FolderSetting("CURL_CA_BUNDLE"));
        Offline = options.Offline ?? IsTrue(Setting("HF_HUB_OFFLINE") ?? Setting("TRANSFORMERS_OFFLINE"));
        DisableProgress = options.DisableProgress ?? IsTrue(Setting("HF_HUB_DISABLE_PROGRESS_BARS"));
    }

    public HubOptions Options { get; }

    public string CacheFolder { get; }

    public Uri Endpoint { get; }

    /// <summary>The token that there is, sent or not.</summary>
    public string? Token { get; }

    /// <summary>Whether the user wants no token sent that only the environment gives.</summary>
    public bool IsTokenHeldBack { get; }

    public string? SentToken => IsTokenHeldBack ? null : Token;

    /// <summary>How long the answer to a question about a file may take.</summary>
    public TimeSpan DescriptionTimeout { get; }

    /// <summary>How long the answer to a request for a file may take.</summary>
    public TimeSpan AnswerTimeout { get; }

    /// <summary>How long the next bytes of a file may take.</summary>
    public TimeSpan StallTimeout { get; }

    /// <summary>The certificates that are trusted instead of the system's; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; }

    public bool Offline { get; }

    public bool DisableProgress { get; }

    public static HubSettings From(HubOptions? options)
    {
        Check(options);
        options ??= new HubOptions();
        if (!HubModelId.IsRevision(options.Revision))
            throw Invalid("The revision is not a branch, tag or commit. It may have only letters, digits and . _ - + /");
        return new HubSettings(options);
    }

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the exception names it.</exception>
    public static void Check(HubOptions? options)
    {
        if (options is null)
            return;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxParallelFiles, 1, nameof(options.MaxParallelFiles));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxParallelFiles, 64, nameof(options.MaxParallelFiles));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Retries, nameof(options.Retries));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Retries, 100, nameof(options.Retries));
        if (options.IdleTimeout is { } timeout)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero, nameof(options.IdleTimeout));
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
        return Variable().Replace(HomePath.Expand(value), match => Options.Environment(match.Groups["name"].Value) ?? match.Value);
    }

    private TimeSpan? Seconds(string name)
    {
        if (Setting(name) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : throw Invalid($"{name} is not a number of seconds above 0 and up to 86400.");
    }

    // As Python's requests reads it: a file, or a folder of files, in place of the system's certificates.
    private static X509Certificate2Collection? ReadAuthorities(string? path)
    {
        if (path is null)
            return null;
        X509Certificate2Collection authorities = [];
        try
        {
            foreach (string file in Directory.Exists(path) ? Directory.GetFiles(path) : [path])
                authorities.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Invalid("The file of REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) cannot be read as certificates in PEM.");
        }
        return authorities.Count > 0
            ? authorities : throw Invalid("The file of REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) has no certificate.");
    }

    private static Uri ReadEndpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https"
        && endpoint is { UserInfo: "", Query: "", Fragment: "" }
            ? endpoint
            : throw Invalid("The hub's endpoint (HF_ENDPOINT) is not an address like https://huggingface.co. "
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

    // As in the Python client, there is no token where there is no such file. Otherwise a file that cannot be a token's file would look
    // like a model that is not found.
    private static string? TokenFile(string path)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            long length = HubFileSystem.LengthOf(path) ?? 0;
            if (length > MaxTokenFile)
                throw Invalid("The file of HF_TOKEN_PATH (or HF_HOME/token) has more than 64 KiB. Name a file with a token alone.");
            if (length > 0)
                return File.ReadAllText(path);
            // Empty, or a pipe or a device, which have no length and perhaps no end. Opening a pipe only to read would wait for a writer.
            using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            if (!file.CanSeek || file.ReadByte() >= 0)
                throw Invalid("The file of HF_TOKEN_PATH (or HF_HOME/token) is a pipe or a device. Name an ordinary file.");
            return null;
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
