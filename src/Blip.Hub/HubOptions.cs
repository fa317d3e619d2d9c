namespace Blip.Hub;

/// <summary>
/// Where models come from and where they are kept. An option that is null is read from the environment variables of the Python
/// client (<c>huggingface_hub</c>), so both clients share one cache and one login. An option that is set replaces the variable.
/// </summary>
public sealed class HubOptions
{
    /// <summary>The hub's address, http or https; default null: <c>HF_ENDPOINT</c>, else https://huggingface.co.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// The cache folder; default null: <c>HF_HUB_CACHE</c>, else <c>HF_HOME/hub</c>, else <c>XDG_CACHE_HOME/huggingface/hub</c>,
    /// else <c>~/.cache/huggingface/hub</c>.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// The token for private and gated models; default null: <c>HF_TOKEN</c>, else the file <c>HF_TOKEN_PATH</c>, else
    /// <c>HF_HOME/token</c>, which are not sent where <c>HF_HUB_DISABLE_IMPLICIT_TOKEN</c> is set; empty: no token. It is sent to
    /// <see cref="Endpoint"/> only.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>True: the network is never used, and the cache must have the model; default null: <c>HF_HUB_OFFLINE</c>.</summary>
    public bool? Offline { get; init; }

    /// <summary>True: no progress is reported; default null: <c>HF_HUB_DISABLE_PROGRESS_BARS</c>.</summary>
    public bool? DisableProgress { get; init; }

    /// <summary>The branch, tag or commit for ids that name none; default <c>main</c>.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>How many files are downloaded at the same time: 1 to 64, default 4.</summary>
    public int MaxParallelFiles { get; init; } = 4;

    /// <summary>
    /// How often a request is repeated after a temporary failure (connection lost, 408, 429, 5xx, a stalled body): 0 to 100, default
    /// 5. The count starts again when a download makes progress.
    /// </summary>
    public int Retries { get; init; } = 5;

    /// <summary>
    /// How long a server may take to answer, and to send the next 16 KiB of a file: positive; default null: <c>HF_HUB_ETAG_TIMEOUT</c>
    /// for questions about a file and <c>HF_HUB_DOWNLOAD_TIMEOUT</c> for files, in seconds, else 10 seconds for an answer and 30 for
    /// bytes. After that time the client closes the connection and repeats the request, for a minute in all.
    /// </summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The clock of timeouts, delays and rates; default the system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The random numbers for the length of delays; default <see cref="System.Random.Shared"/>.</summary>
    public Random Random { get; init; } = Random.Shared;

    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>How long attempts may fail in all without progress, where the server did not ask to wait.</summary>
    internal TimeSpan MostLost { get; init; } = TimeSpan.FromMinutes(1);

    internal Func<string, long> FreeSpace { get; init; } = HubFileSystem.FreeSpace;

    internal Action<string, string> CreateLink { get; init; } = HubFileSystem.CreateLink;
}
