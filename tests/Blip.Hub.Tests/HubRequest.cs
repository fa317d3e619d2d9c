using System.Net.Http.Headers;

namespace Blip.Hub.Tests;

/// <summary>A request that the server received, and how to change the body of its response.</summary>
internal sealed class HubRequest(string method, string target, bool storage, Dictionary<string, string> headers)
{
    public string Method { get; } = method;

    public string Target { get; } = target;

    public bool Storage { get; } = storage;

    public Dictionary<string, string> Headers { get; } = headers;

    public string Name => Uri.UnescapeDataString(Target[(Target.LastIndexOf('/') + 1)..]);

    public long? From => Headers.TryGetValue("Range", out string? range) ? RangeHeaderValue.Parse(range).Ranges.Single().From : null;

    /// <summary>How many bytes of the body were sent.</summary>
    public int Sent { get; set; }

    public int? CutAt { get; set; }

    public int? CorruptAt { get; set; }

    public bool IgnoreRange { get; set; }

    public string? LinkedEtag { get; set; }

    public int ChunkBytes { get; set; } = 64 * 1024;

    public Func<CancellationToken, Task>? AfterChunk { get; set; }
}
