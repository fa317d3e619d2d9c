using System.ComponentModel.DataAnnotations;
using Blip.AI;

namespace Blip.Hosting;

/// <summary>
/// The access rules and the limits of the service. Bound from the section <c>Blip</c> of the configuration: <c>Blip:ApiKey</c>,
/// <c>Blip:AllowedHosts</c>.
/// </summary>
public sealed class BlipHostingOptions
{
    /// <summary>The entry of <see cref="AllowedHosts"/> that allows every host. Use it if a platform in front checks the callers.</summary>
    public const string AnyHost = "*";

    /// <summary>
    /// The key that a caller must send as <c>Authorization: Bearer</c> or <c>x-api-key</c>. Health checks and the web page need no key.
    /// None by default: then the service asks nobody for a key, and should listen only on addresses that other machines cannot reach.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// The host names of the service, in addition to <c>localhost</c> and its addresses. A request with another <c>Host</c>, or from a
    /// web page with another <c>Origin</c>, gets 403. So no other web page can reach a local service through the user's browser, not even
    /// by DNS rebinding. If there is an <see cref="ApiKey"/>, which other pages do not know, an empty list allows every <c>Host</c>. Empty
    /// by default; <c>*</c> allows all.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>
    /// The largest size of a request body, in bytes. It is checked before the body is read. 30 MiB by default, enough for an image of
    /// 20 MiB in base64; from 1 KiB to 1 GiB.
    /// </summary>
    [Range(1024, 1 << 30)]
    public int MaxRequestBytes { get; set; } = 30 * 1024 * 1024;

    /// <summary>The longest time for one request, waiting included. After it the request gets 504. 60 s by default; 1 s to 1 h.</summary>
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The longest time that a request waits for a model that is still being loaded. After it the request gets 503 with
    /// <c>Retry-After</c>. 10 s by default; 0 to 10 minutes.
    /// </summary>
    [TimeRange("00:00:00", "00:10:00")]
    public TimeSpan LoadPatience { get; set; } = TimeSpan.FromSeconds(10);
}
