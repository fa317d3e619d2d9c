using System.ComponentModel.DataAnnotations;

namespace Blip.AI.Images;

/// <summary>
/// Where an image may come from. Only what is listed is allowed, and the lists start empty: a language model that chooses an address or
/// a path then gets nothing but data URIs and handles. <see cref="ImageSource"/> copies the values when it is constructed.
/// </summary>
public sealed class ImageSourceOptions : IValidatableObject
{
    /// <summary>The entry of <see cref="AllowedHosts"/> or <see cref="AllowedFolders"/> that allows all of them.</summary>
    public const string Any = "*";

    /// <summary>
    /// Hosts whose addresses may be fetched: a name (<c>example.com</c>), all names below one (<c>*.example.com</c>, which leaves
    /// out <c>example.com</c> itself), an IP address in its usual form, or <c>*</c>. A model can make this machine send a GET
    /// request, with any path, to every host listed. Default: none.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>
    /// Folders whose files may be read, subfolders included: full paths, or <c>*</c> for every file. Links are resolved first, so
    /// that a link does not lead out of a folder. Nothing under <c>/dev</c>, <c>/proc</c> or <c>/sys</c> is read. Default: none.
    /// </summary>
    public IReadOnlyList<string> AllowedFolders { get; set; } = [];

    /// <summary>Whether an image may be given as a data URI. Default: true.</summary>
    public bool AllowDataUris { get; set; } = true;

    /// <summary>
    /// Whether <c>http://</c> is allowed beside <c>https://</c>. A redirect from https to http is never followed. Default: false.
    /// </summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>
    /// Whether a host may be, or resolve to, a loopback, private, link-local, metadata or otherwise reserved address. It also allows IP
    /// addresses in place of host names. Default: false.
    /// </summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>
    /// Ports that an address may name, 1 to 65535; 0 stands for any. Default: none, which allows the scheme's own port alone: 443, and 80
    /// for plain http.
    /// </summary>
    public IReadOnlyList<int> AllowedPorts { get; set; } = [];

    /// <summary>The most bytes of one image, wherever it comes from. 1 to 1 GiB; default 20 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxBytes { get; set; } = 20 * 1024 * 1024;

    /// <summary>The time for one image, redirects included. 10 ms to 10 minutes; default 10 s.</summary>
    [TimeRange("00:00:00.01", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many redirects are followed; each passes the whole policy. 0 to 10; default 3.</summary>
    [Range(0, 10)]
    public int MaxRedirects { get; set; } = 3;

    /// <summary>
    /// Whether addresses are fetched through the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). The proxy then connects to
    /// the host, so nothing here can check where it leads: it is for addresses that a person types.
    /// </summary>
    internal bool UseProxy { get; init; }

    /// <summary>
    /// The policy of a command line, where a person types the reference: every file and every address is allowed, on any port, in any
    /// network, and through the proxy of the environment. The limits of size, time and redirects stay. Never use it for references that a
    /// model or a remote caller chooses.
    /// </summary>
    /// <returns>A new instance, which may be changed.</returns>
    public static ImageSourceOptions Unrestricted() => new()
    {
        AllowedHosts = [Any],
        AllowedFolders = [Any],
        AllowPlainHttp = true,
        AllowPrivateNetworks = true,
        AllowedPorts = [0],
        UseProxy = true,
    };

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (string host in AllowedHosts)
        {
            if (HostPattern.TryParse(host) is null)
                yield return Invalid(
                    nameof(AllowedHosts), $"'{host}' is not a host: write example.com, *.example.com, an IP address, or *.");
        }

        foreach (string folder in AllowedFolders)
        {
            if (folder != Any && !Path.IsPathFullyQualified(folder))
                yield return Invalid(nameof(AllowedFolders), $"'{folder}' is not a full path: write the full path of a folder, or *.");
        }

        foreach (int port in AllowedPorts)
        {
            if (port is < 0 or > 65535)
                yield return Invalid(
                    nameof(AllowedPorts), FormattableString.Invariant($"{port} is not a port: write 1 to 65535, or 0 for any."));
        }
    }

    private static ValidationResult Invalid(string member, string message) => new(message, [member]);
}
