using System.ComponentModel.DataAnnotations;

namespace Blip.Hosting;

/// <summary>Who may ask the service, and how much at once. Bound from the section <c>Blip</c>: <c>Blip:ApiKey</c>, <c>Blip:AllowedHosts</c>.</summary>
public sealed class BlipHostingOptions
{
    /// <summary>The entry of <see cref="AllowedHosts"/> that allows all: where a platform in front checks callers.</summary>
    public const string AnyHost = "*";

    /// <summary>
    /// What a caller must send as <c>Authorization: Bearer</c> or <c>x-api-key</c>, but for the health checks and the page. Without one nobody is asked: then
    /// the service should listen on this machine's own addresses only.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// Host names under which the service is meant to be reached, beside this machine's own. A request with another <c>Host</c>, or from a page with another
    /// <c>Origin</c>, gets 403: a web page must not reach a local service through the user's browser, by DNS rebinding either. With an
    /// <see cref="ApiKey"/>, which no foreign page has, an empty list allows every <c>Host</c>. Empty by default; <c>*</c> allows all.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>The most bytes of a request body, checked before it is read. 30 MiB by default: an image of 20 MiB fits in base64. 1 KiB to 1 GiB.</summary>
    [Range(1024, 1 << 30)]
    public int MaxRequestBytes { get; set; } = 30 * 1024 * 1024;

    /// <summary>The time for one request, waiting included; then it gets 504. 60 s by default, 1 s to 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request waits for a model that is still being loaded; then it gets 503 with <c>Retry-After</c>. 10 s by default, 0 to 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan LoadPatience { get; set; } = TimeSpan.FromSeconds(10);
}
