using System.Net;

namespace Blip.Hub;

/// <summary>The sentences for what can go wrong, and what the hub's answers mean.</summary>
internal static class HubErrors
{
    public const string EntryNotFound = "EntryNotFound";

    public static string? CodeOf(HttpResponseMessage response) => Header(response, "X-Error-Code");

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    /// <summary>The error for an answer that no repetition mends; null when one may.</summary>
    public static BlipException? Final(HttpResponseMessage response, HubSettings settings, HubModelId model, string revision, string file)
    {
        string host = settings.Endpoint.Authority;
        string id = model.Repository;
        return ((int)response.StatusCode, CodeOf(response)) switch
        {
            (408 or 429 or >= 500, _) => null,
            (_, "GatedRepo") => NotFound(settings.Token is null
                ? $"'{id}' is gated: accept its terms on {host} and give a token of that account (HF_TOKEN or {nameof(HubOptions)}.{nameof(HubOptions.Token)})."
                : $"'{id}' is gated and the account of the token that was sent has no access: accept its terms on {host}, or wait until its owner lets you in."),
            (_, "RevisionNotFound") => NotFound($"'{id}' has no branch, tag or commit '{revision}' on {host}."),
            (_, EntryNotFound) => NotFound($"'{id}' has no {file} on {host}: it is not a checkpoint that Blip runs."),
            (401 or 403, _) or (404, _) => NotFound(settings.Token is null
                ? $"There is no model '{id}' on {host}, or it is private: check the id; for a private model give a token (HF_TOKEN or {nameof(HubOptions)}.{nameof(HubOptions.Token)})."
                : $"There is no model '{id}' on {host} that the token sent may read: check the id, and that the token is valid and covers this repository."),
            (int status, _) => Failed($"{host} answered {status} for {file} of '{id}', which is not what a hub answers: check the endpoint (HF_ENDPOINT) and any proxy in between."),
        };
    }

    public static BlipException NotAHub(HubSettings settings, string what) => Failed(
        $"{settings.Endpoint.Authority} does not answer like a hub ({what}): check the endpoint (HF_ENDPOINT), and whether a proxy or a sign-in page is in between.");

    public static BlipException Offline(HubSettings settings, HubModelId model) => NotFound(
        $"'{model}' is not complete in the cache {settings.CacheFolder} and the network is switched off (HF_HUB_OFFLINE): download it once with the network on, or set HF_HUB_CACHE to the cache that has it.");

    public static BlipException NoSpace(HubSettings settings, HubModelId model, long needed, long free) => Failed(
        FormattableString.Invariant($"'{model}' needs {needed:N0} more bytes and the disk of the cache {settings.CacheFolder} has {free:N0} free: make room, or choose another disk with HF_HUB_CACHE."));

    public static BlipException CannotWrite(HubSettings settings, Exception e) => Failed(e is IOException io && HubFileSystem.IsDiskFull(io)
        ? $"The disk of the cache {settings.CacheFolder} is full: make room, or choose another disk with HF_HUB_CACHE. What has arrived is kept."
        : $"The cache {settings.CacheFolder} cannot be written: check its permissions, or choose another folder with HF_HUB_CACHE.", e);

    public static BlipException GaveUp(HubSettings settings, string what, int attempts, HubAttemptException last) => Failed(
        $"{what} could not be fetched from {settings.Endpoint.Authority}: {last.Message} ({attempts} {(attempts == 1 ? "attempt" : "attempts")}). Try again later; what has arrived is kept.", last);

    public static BlipModelException Corrupt(HubModelId model, HubFile file) => new(
        $"{file.Name} of '{model}' arrived twice with other bytes than the hub states ({(file.Etag.Length == 64 ? "SHA-256" : "git id")} {file.Etag}); it was discarded. A proxy may change it; if not, tell the repository's owner.");

    public static BlipModelException NotFound(string message) => BlipModelException.NotFound(message);

    public static BlipException Failed(string message, Exception? inner = null) => new(BlipErrorCode.DownloadFailed, message, inner);

    public static string Describe(HttpStatusCode status) => FormattableString.Invariant($"it answered {(int)status} {status}");
}
