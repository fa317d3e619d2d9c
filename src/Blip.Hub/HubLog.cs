using Microsoft.Extensions.Logging;

namespace Blip.Hub;

/// <summary>
/// The log messages of the hub client. They contain names of models, files and hosts, and reasons. They never contain a token, nor
/// the address of a redirect, which may contain a signature.
/// </summary>
internal static partial class HubLog
{
    [LoggerMessage(1601, LogLevel.Warning, "The hub could not be asked about {Model}; the revision in the cache is used. {Reason}")]
    public static partial void CacheUsed(this ILogger logger, HubModelId model, string reason);

    [LoggerMessage(1602, LogLevel.Information, "{File}: another process is downloading it, waiting.")]
    public static partial void Waiting(this ILogger logger, string file);

    [LoggerMessage(1603, LogLevel.Warning, "{What}: {Reason}; attempt {Attempt} follows in {Wait}.")]
    public static partial void Retrying(this ILogger logger, string what, string reason, int attempt, string wait);

    [LoggerMessage(1604, LogLevel.Information, "{File}: resuming at {Bytes} of {Size} bytes.")]
    public static partial void Resuming(this ILogger logger, string file, long bytes, long size);

    [LoggerMessage(1605, LogLevel.Warning, "{File}: the bytes do not have the hash {Etag} that the hub gives; they were discarded.")]
    public static partial void Mismatch(this ILogger logger, string file, string etag);

    [LoggerMessage(1606, LogLevel.Debug, "{File}: complete and verified, {Size} bytes.")]
    public static partial void Completed(this ILogger logger, string file, long size);

    [LoggerMessage(1607, LogLevel.Debug, "{File}: links cannot be made here, so the file itself is in the snapshot.")]
    public static partial void NoLinks(this ILogger logger, string file);

    [LoggerMessage(1608, LogLevel.Warning, "{File} of {Model} is damaged in the cache; it is downloaded again.")]
    public static partial void Damaged(this ILogger logger, string file, HubModelId model);
}
