using System.Globalization;
using System.Net;

namespace Blip.Hub;

/// <summary>The errors of the hub client, and what the hub's responses mean.</summary>
internal static class HubErrors
{
    public const string EntryNotFound = "EntryNotFound";

    private const string TokenSetting = $"HF_TOKEN or {nameof(HubOptions)}.{nameof(HubOptions.Token)}";

    public static string? CodeOf(HttpResponseMessage response) => Header(response, "X-Error-Code");

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    /// <summary>The error for a response that will be the same after a retry; null when a retry may help.</summary>
    public static BlipException? Final(HttpResponseMessage response, HubSettings settings, HubModelId model, string revision, string file)
    {
        string host = settings.Endpoint.Authority;
        string id = model.Repository;
        return ((int)response.StatusCode, CodeOf(response)) switch
        {
            (408 or 429 or >= 500, _) => null,
            (_, "GatedRepo") => NotFound(settings.Token is null
                ? $"'{id}' is gated. Accept its terms on {host} and give a token of that account ({TokenSetting})."
                : $"'{id}' is gated, and the account of your token has no access. Accept its terms on {host}, "
                    + "or wait until its owner gives you access."),
            (_, "RevisionNotFound") => NotFound($"'{id}' has no branch, tag or commit '{revision}' on {host}."),
            (_, EntryNotFound) => NoEntry(settings, model, file),
            (401 or 403, _) or (404, _) => NotFound(settings.Token is null
                ? $"There is no model '{id}' on {host}, or it is private. Check the id. For a private model give a token ({TokenSetting})."
                : $"There is no model '{id}' on {host} that the token sent may read. Check the id. "
                    + "Check that the token is valid and gives access to this repository."),
            (int status, _) => Failed($"{host} answered {status} for {file} of '{id}'. A hub does not answer like this. "
                + "Check the endpoint (HF_ENDPOINT) and any proxy."),
        };
    }

    public static BlipModelException NoEntry(HubSettings settings, HubModelId model, string file) =>
        NotFound($"'{model.Repository}' has no {file} on {settings.Endpoint.Authority}. It is not a checkpoint that Blip can run.");

    public static BlipException NotAHub(HubSettings settings, string what) => Failed(
        $"{settings.Endpoint.Authority} does not answer like a hub ({what}). Check the endpoint (HF_ENDPOINT). "
        + "Check whether a proxy or a sign-in page answers instead.");

    public static BlipException Offline(HubSettings settings, HubModelId model) => NotFound(
        $"'{model}' is not complete in the cache {settings.CacheFolder}, and the network is switched off (HF_HUB_OFFLINE). "
        + "Download the model once with the network on, or set HF_HUB_CACHE to a cache that has it.");

    public static BlipException NoSpace(HubSettings settings, HubModelId model, long needed, long free) => Failed(
        string.Create(CultureInfo.InvariantCulture,
            $"'{model}' needs {needed:N0} more bytes and the disk of the cache {settings.CacheFolder} has {free:N0} free. ")
        + "Make room, or choose another disk with HF_HUB_CACHE.");

    public static BlipException CannotWrite(HubSettings settings, Exception e) => Failed(e is IOException io && HubFileSystem.IsDiskFull(io)
        ? $"The disk of the cache {settings.CacheFolder} is full. Make room, or choose another disk with HF_HUB_CACHE. "
            + "The part that has arrived is kept."
        : $"The cache {settings.CacheFolder} cannot be written. Check its permissions, or choose another folder with HF_HUB_CACHE.", e);

    public static BlipException NoAttemptLeft(HubSettings settings, string what, int attempts, HubAttemptException last) => Failed(
        $"{what} could not be downloaded from {settings.Endpoint.Authority}: {last.Message} "
        + $"({attempts} {(attempts == 1 ? "attempt" : "attempts")}). Try again later. The part that has arrived is kept.", last);

    public static BlipModelException Corrupt(HubModelId model, HubFile file) => new(
        $"{file.Name} of '{model}' arrived twice with bytes that do not have the hash that the hub states "
        + $"({(file.Etag.Length == 64 ? "SHA-256" : "git id")} {file.Etag}). The bytes were discarded. "
        + "A proxy may have changed them. If there is no proxy, report this to the owner of the repository.");

    public static BlipModelException NotFound(string message) => BlipModelException.NotFound(message);

    public static BlipException Failed(string message, Exception? inner = null) => new(BlipErrorCode.DownloadFailed, message, inner);

    public static string Describe(HttpStatusCode status) => FormattableString.Invariant($"it answered {(int)status} {status}");
}
