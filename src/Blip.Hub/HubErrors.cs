using System.Globalization;
using System.Net;

namespace Blip.Hub;

/// <summary>The errors of the hub client, and what the hub's responses mean.</summary>
internal static class HubErrors
{
    public const string EntryNotFound = "EntryNotFound";

    private const int MaxSaid = 300;

    private const string TokenSetting = $"HF_TOKEN or {nameof(HubOptions)}.{nameof(HubOptions.Token)}";

    public static string? CodeOf(HttpResponseMessage response) => Header(response, "X-Error-Code");

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    /// <summary>The error for a response that will be the same after a retry; null when a retry may help.</summary>
    public static BlipException? Final(HttpResponseMessage response, HubSettings settings, HubModelId model, string revision, string file)
    {
        string host = settings.Endpoint.Authority;
        string id = model.Repository;
        string? said = Header(response, "X-Error-Message");
        bool isTokenRefused = settings.SentToken is not null && (int)response.StatusCode == 401
            && (CodeOf(response) is null || said?.Contains("credentials", StringComparison.OrdinalIgnoreCase) == true);
        string heldBack = settings.IsTokenHeldBack ? " The token was not sent, because HF_HUB_DISABLE_IMPLICIT_TOKEN is set." : "";
        BlipException? error = ((int)response.StatusCode, CodeOf(response)) switch
        {
            (408 or 429 or >= 500, _) => null,
            _ when isTokenRefused => NotFound($"{host} does not accept the token that was sent ({TokenSetting}): it is wrong or has "
                + "expired. Make a new one. A public model needs none: set HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to send none."),
            (_, "GatedRepo") => NotFound(settings.SentToken is null
                ? $"'{id}' is gated. Accept its terms on {host} and give a token of that account ({TokenSetting}).{heldBack}"
                : $"'{id}' is gated, and the account of your token has no access. Accept its terms on {host}, "
                    + "or wait until its owner gives you access."),
            (_, "RevisionNotFound") => NotFound($"'{id}' has no branch, tag or commit '{revision}' on {host}."),
            (_, EntryNotFound) => NoEntry(settings, model, file),
            (403, null) when said is not null => NotFound($"{host} refuses '{id}'."),
            (401 or 403, _) or (404, _) => NotFound(settings.SentToken is null
                ? $"There is no model '{id}' on {host}, or it is private. Check the id. For a private model give a token "
                    + $"({TokenSetting}).{heldBack}"
                : $"There is no model '{id}' on {host} that your token may read. Check the id. "
                    + "Check that the token is valid and gives access to this repository."),
            (451, _) => NotFound($"{host} may not give '{id}' for legal reasons."),
            (407, _) => Failed("The proxy (HTTPS_PROXY, HTTP_PROXY) asks for a user and a password."),
            (int status, _) => Failed($"{host} answered {status} for {file} of '{id}'. A hub does not answer like this. "
                + "Check the endpoint (HF_ENDPOINT) and any proxy."),
        };
        return error is null || string.IsNullOrWhiteSpace(said) ? error : WithSaid(error, said);
    }

    public static BlipModelException NoEntry(HubSettings settings, HubModelId model, string file) =>
        NotFound($"'{model.Repository}' has no {file} on {settings.Endpoint.Authority}. It is not a checkpoint that Blip can run.");

    /// <summary>How long a hub that counts requests asks to wait: <c>t</c> of its <c>RateLimit</c> header; null: it does not.</summary>
    /// <remarks>The header is <c>"resolvers";r=0;t=25</c>: the requests left, and the seconds until there are new ones.</remarks>
    public static TimeSpan? RateLimitOf(HttpResponseMessage response)
    {
        string? seconds = response.StatusCode == HttpStatusCode.TooManyRequests
            ? Header(response, "RateLimit")?.Split(';', StringSplitOptions.TrimEntries)
                .FirstOrDefault(part => part.StartsWith("t=", StringComparison.Ordinal))?[2..]
            : null;
        // One more: the hub's second may have begun earlier.
        return SecondsOf(seconds) + TimeSpan.FromSeconds(1);
    }

    /// <summary>A number of seconds; one that is too large for .NET's headers is very long, and not none.</summary>
    public static TimeSpan? SecondsOf(string? text)
    {
        if (string.IsNullOrEmpty(text) || !text.All(char.IsAsciiDigit))
            return null;
        bool isInt = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int wait);
        return TimeSpan.FromSeconds(isInt ? wait : int.MaxValue);
    }

    public static BlipException StorageRefused(HubSettings settings, Uri storage, int status, string file) => Failed(
        $"{storage.Authority}, the storage that {settings.Endpoint.Authority} keeps its files in, answered {status} for {file}, "
        + "also at a new address. Perhaps a firewall or a proxy allows the hub but not its storage: allow this host there too.");

    public static BlipException NotSecure(Uri address, Exception e) => Failed(
        e.InnerException?.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) != true
        ? $"{address.Authority} makes no secure connection. Check that its address begins with https."
        : $"The certificate of {address.Authority} is not trusted here. If your proxy or hub has its own certificate authority, "
        + "set SSL_CERT_FILE to a file with the authority's certificate (PEM), or add it to the system's certificates.", e);

    public static BlipException ProxyRefused(string proxy, Uri address, Exception e) => Failed(
        $"{char.ToUpperInvariant(proxy[0])}{proxy[1..]} does not connect to {address.Authority}. Check the proxy, "
        + "or name the host in NO_PROXY.", e);

    public static BlipException NotAHub(HubSettings settings, string what) => Failed(
        $"{settings.Endpoint.Authority} does not answer like a hub ({what}). Check the endpoint (HF_ENDPOINT). "
        + "Check whether a proxy or a sign-in page answers instead.");

    public static BlipException Offline(HubSettings settings, HubModelId model) => NotFound(
        $"'{model}' is not complete in the cache {settings.CacheFolder}, and the network is switched off (HF_HUB_OFFLINE). "
        + "Download the model once with the network on, or set HF_HUB_CACHE to a cache that has it.");

    public static BlipModelException DamagedOffline(HubModelId model, HubFile file) => new(
        $"{file.Name} of '{model}' is damaged in the cache, and the network is switched off (HF_HUB_OFFLINE). "
        + "Switch it on and run `blip models verify` again.");

    public static BlipException NoSpace(HubSettings settings, HubModelId model, long needed, long free) => Failed(
        string.Create(CultureInfo.InvariantCulture,
            $"'{model}' needs {needed:N0} more bytes and the disk of the cache {settings.CacheFolder} has {free:N0} free. ")
        + "Free some space, or choose another disk with HF_HUB_CACHE.");

    public static BlipException CannotWrite(HubSettings settings, Exception e) => Failed(e is IOException io && HubFileSystem.IsDiskFull(io)
        ? $"The disk of the cache {settings.CacheFolder} is full. Free some space, or choose another disk with HF_HUB_CACHE. "
            + "The part that has arrived is kept."
        : $"The cache {settings.CacheFolder} cannot be written. Check its permissions, or choose another folder with HF_HUB_CACHE.", e);

    public static BlipException NoAttemptLeft(HubSettings settings, string what, int attempts, HubAttemptException last) => Failed(
        $"{what} could not be downloaded from {HostOf(settings, last)}: {last.Message} "
        + $"({attempts} {(attempts == 1 ? "attempt" : "attempts")}). "
        + (last.InnerException is HttpRequestException
            ? "Check the network, and the proxy if there is one (HTTPS_PROXY). "
            : "Try again later. ")
        + "The part that has arrived is kept.", last);

    public static BlipModelException Corrupt(HubModelId model, HubFile file) => new(
        $"{file.Name} of '{model}' was downloaded twice, and its bytes do not have the hash that the hub gives "
        + $"({(file.Etag.Length == 64 ? "SHA-256" : "git id")} {file.Etag}). The bytes were discarded. "
        + "A proxy may have changed them. If there is no proxy, report this to the owner of the repository.");

    public static BlipModelException NotFound(string message) => BlipModelException.NotFound(message);

    public static BlipException Failed(string message, Exception? inner = null) => new(BlipErrorCode.DownloadFailed, message, inner);

    public static string Describe(HttpStatusCode status) => FormattableString.Invariant($"it answered {(int)status} {status}");

    private static string HostOf(HubSettings settings, HubAttemptException attempt) => attempt.Storage is { } storage
        ? $"{storage}, the storage that {settings.Endpoint.Authority} keeps its files in" : settings.Endpoint.Authority;

    private static BlipException WithSaid(BlipException error, string said)
    {
        string shown = string.Concat(said.Trim().Take(MaxSaid).Select(c => char.IsControl(c) ? ' ' : c)).TrimEnd('.');
        string message = $"{error.Message} The hub says: {shown}.";
        return error is BlipModelException ? NotFound(message) : Failed(message);
    }
}
