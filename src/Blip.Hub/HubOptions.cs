namespace Blip.Hub;

/// <summary>
/// Where models come from and where they are kept. Whatever is null is taken from the environment variables of the Python client
/// (<c>huggingface_hub</c>), so both share one cache and one login; whatever is set wins over them.
/// </summary>
public sealed class HubOptions
{
    /// <summary>The hub's address, http or https; null: <c>HF_ENDPOINT</c>, else https://huggingface.co.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// The cache folder; null: <c>HF_HUB_CACHE</c>, else <c>HF_HOME/hub</c>, else <c>XDG_CACHE_HOME/huggingface/hub</c>, else
    /// <c>~/.cache/huggingface/hub</c>.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// The token for private and gated models; null: <c>HF_TOKEN</c>, else the file <c>HF_TOKEN_PATH</c>, else
    /// <c>HF_HOME/token</c>; empty: none. It is sent to <see cref="Endpoint"/> only.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>True: the network is never touched, the cache must have the model; null: <c>HF_HUB_OFFLINE</c>.</summary>
    public bool? Offline { get; init; }

    /// <summary>True: no progress is reported; null: <c>HF_HUB_DISABLE_PROGRESS_BARS</c>.</summary>
    public bool? DisableProgress { get; init; }

    /// <summary>The branch, tag or commit of ids that name none; default <c>main</c>.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>How many files are fetched at a time: 1 to 64, default 4.</summary>
    public int MaxParallelFiles { get; init; } = 4;

    /// <summary>
    /// How often a request is repeated after a failure that may pass (connection lost, 408, 429, 5xx, a stalled body): 0 to 100,
    /// default 5. A download that gains ground counts anew.
    /// </summary>
    public int Retries { get; init; } = 5;

    /// <summary>
    /// How long a server may take to answer, and to send the next 16 KiB of a file: positive, default 30 seconds. After that the
    /// connection is given up and the request repeated.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock of timeouts, delays and rates; default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The source of the jitter in delays; default <see cref="System.Random.Shared"/>.</summary>
    public Random Random { get; init; } = Random.Shared;

    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    internal Func<string, long> FreeSpace { get; init; } = HubFileSystem.FreeSpace;

    internal Action<string, string> CreateLink { get; init; } = HubFileSystem.CreateLink;
}
