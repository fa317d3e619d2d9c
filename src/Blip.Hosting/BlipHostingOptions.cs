using System.ComponentModel.DataAnnotations;
using Blip.AI;

namespace Blip.Hosting;

/// <summary>
/// The access rules and the limits of the service. Bound from the section <c>Blip</c> of the configuration: <c>Blip:ApiKey</c>,
/// <c>Blip:AllowedHosts</c>. A list can be one value with semicolons between.
/// </summary>
public sealed class BlipHostingOptions : IValidatableObject
{
    /// <summary>The entry of <see cref="AllowedHosts"/> that allows every host. Use it if a platform in front checks the callers.</summary>
    public const string AnyHost = "*";

    /// <summary>
    /// The key that a caller must send as <c>Authorization: Bearer</c>, <c>x-api-key</c> or <c>api-key</c>. White space around it does not
    /// count. Health checks, the description and the web page need no key. None by default: then the service asks nobody for a key, and
    /// should listen only on addresses that other machines cannot reach.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// Further keys that have the same rights as <see cref="ApiKey"/>: a new key can be given out before the old one ends. Empty by
    /// default.
    /// </summary>
    public IReadOnlyList<string> ApiKeys { get; set; } = [];

    /// <summary>
    /// The host names of the service, in addition to <c>localhost</c> and the loopback addresses. A request with another <c>Host</c> gets
    /// 403, so no web page can reach a local service through the user's browser, not even by DNS rebinding. If there is a key, which other
    /// pages do not know, an empty list allows every <c>Host</c>. Empty by default; <c>*</c> allows all hosts and origins.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>
    /// The origins whose web pages may use the service besides its own page, with scheme and port: <c>https://app.example.com:8443</c>. A
    /// request with another <c>Origin</c> gets 403. Empty by default; <c>*</c> allows all.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>
    /// The largest size of a request body, in bytes. It is checked before the body is read. 30 MiB by default, enough for an image of
    /// 20 MiB in base64; from 1 KiB to 1 GiB.
    /// </summary>
    [Range(1024, 1 << 30)]
    public int MaxRequestBytes { get; set; } = 30 * 1024 * 1024;

    /// <summary>
    /// The bytes of all request bodies that are held at once, until each is answered. A body that does not fit waits up to 10 s, and then
    /// gets 429 with <c>Retry-After</c>. A quarter is kept for bodies of up to 1 MiB. A body that is larger than the rest is taken when it
    /// is alone. 128 MiB by default; 4 MiB to 1 TiB.
    /// </summary>
    [Range(4L << 20, 1L << 40)]
    public long MaxBodyBytesInFlight { get; set; } = 128L << 20;

    /// <summary>
    /// How much of a body is still read and thrown away after its request was refused, in bytes: a client that is still sending reads the
    /// refusal only if the connection stays open. 64 MiB by default; 0 to 1 TiB.
    /// </summary>
    [Range(0L, 1L << 40)]
    public long MaxRefusedBytes { get; set; } = 64L << 20;

    /// <summary>For how long a refused body is still read. 10 s by default; 0 to 1 h.</summary>
    [TimeRange("00:00:00", "01:00:00")]
    public TimeSpan RefusedBodyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many requests one caller may make in a minute; more get 429 with <c>Retry-After</c>. A caller is a key, or an address where the
    /// request has none. <see langword="null"/>, the default: any number. <c>blip serve</c> uses it; an application of your own has
    /// ASP.NET Core's rate limiter.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? RequestsPerMinute { get; set; }

    /// <summary>The longest time for one request, waiting included. After it the request gets 504. 60 s by default; 1 s to 1 h.</summary>
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The longest time that a request waits for a model that is still being loaded. After it the request gets 503 with
    /// <c>Retry-After</c>. 10 s by default; 0 to 10 minutes.
    /// </summary>
    [TimeRange("00:00:00", "00:10:00")]
    public TimeSpan LoadPatience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether the web page is at <c>/</c>. <see langword="null"/>, the default: in <c>blip serve</c>, not in the Functions app. An
    /// application of your own calls <see cref="BlipEndpoints.MapBlipPage"/>.
    /// </summary>
    public bool? Page { get; set; }

    /// <summary>All keys, without the white space that files and secrets often end with.</summary>
    internal string[] Keys => [.. ApiKeys.Prepend(ApiKey).OfType<string>().Where(key => key.Length > 0).Select(key => key.Trim())];

    /// <inheritdoc/>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        // With a key that no header can contain, nobody could use the service.
        if (Keys.Any(key => key.Length == 0 || key.Any(letter => letter is < ' ' or > '~')))
            yield return new ValidationResult("A key is blank, or has a character that is not printable ASCII.", [nameof(ApiKey)]);
        foreach (string host in AllowedHosts.Where(host => host != AnyHost && !IsHost(host)))
            yield return new ValidationResult($"'{host}' is not a host name such as blip.example.com.", [nameof(AllowedHosts)]);
        foreach (string origin in AllowedOrigins.Where(origin => origin != AnyHost && !IsOrigin(origin)))
        {
            yield return new ValidationResult(
                $"'{origin}' is not an origin such as https://app.example.com or http://localhost:3000.", [nameof(AllowedOrigins)]);
        }
    }

    /// <summary>Whether a request may have it in its <c>Host</c>.</summary>
    private static bool IsHost(string text) => text.Length > 0 && !text.Any(letter =>
        char.IsWhiteSpace(letter) || letter is < ' ' or '/' or '\\' or '?' or '#' or '@' or ',' or ';');

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
        && uri is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" };
}
