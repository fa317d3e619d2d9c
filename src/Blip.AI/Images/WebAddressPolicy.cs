using System.Net;

namespace Blip.AI.Images;

/// <summary>
/// What an http(s) address must fulfil before anything is sent: form, scheme, host and port. The IP addresses of the host are checked
/// when the connection is made.
/// </summary>
internal sealed class WebAddressPolicy(ImageSourceOptions options)
{
    private const string Remedy = "Use an image on an allowed host, or send the image itself.";

    private readonly HostPattern[] _hosts = [.. options.AllowedHosts.Select(HostPattern.TryParse).OfType<HostPattern>()];
    private readonly int[] _ports = [.. options.AllowedPorts];
    private readonly bool _plainHttp = options.AllowPlainHttp;
    private readonly bool _privateNetworks = options.AllowPrivateNetworks;

    /// <summary>Returns the address in its normal form: the host in ASCII, no fragment.</summary>
    public Uri Check(string text)
    {
        // System.Uri repairs ambiguous addresses (backslashes, encoded hosts, missing slashes). They are refused before that.
        if (!HasPlainAuthority(text) || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || !TryGetHost(uri, out string host))
            throw NotAllowed("The address cannot be read. Write it as https://host/path, without user name, spaces or backslashes.");

        // Full-width digits and the like become a number only when the host is normalised, so the normal form is checked.
        bool isLiteral = uri.HostNameType != UriHostNameType.Dns || HostPattern.EndsInNumber(host);
        bool isListed = Array.Exists(_hosts, pattern => pattern.Matches(host));
        bool isRefusedLiteral = isLiteral && !(_privateNetworks ? isListed : Array.Exists(_hosts, pattern => pattern.Names(host)));
        if (uri.Scheme != Uri.UriSchemeHttps && !_plainHttp)
        {
            // The https address is no way out where that is refused too.
            string way = isListed && !isRefusedLiteral ? "Use the https address of the image." : Remedy;
            throw NotAllowed("Plain http is not allowed. " + way);
        }

        if (isRefusedLiteral)
            throw NotAllowed("An IP address in place of a host name is not allowed. " + Remedy);

        if (!isListed)
            throw new BlipException(ImageSourceErrorCode.HostNotAllowed, $"The host '{host}' is not allowed. {Remedy}");

        if (_ports.Length == 0 ? !uri.IsDefaultPort : !_ports.Contains(0) && !_ports.Contains(uri.Port))
            throw NotAllowed(FormattableString.Invariant($"Port {uri.Port} is not allowed. Use an address on the usual port."));

        return new UriBuilder(uri) { Host = host, Fragment = "" }.Uri;
    }

    /// <summary>Returns the target of a redirect, where the whole policy allows that too.</summary>
    public Uri CheckRedirect(Uri from, string location)
    {
        bool isPlain = Uri.TryCreate(from, location, out Uri? absolute) && !location.Contains('\\');
        Uri target = Check(isPlain ? absolute!.AbsoluteUri : location);
        return from.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps
            ? throw NotAllowed("A redirect from https to http is not followed.")
            : target;
    }

    public static BlipException NetworkNotAllowed(string host) =>
        NotAllowed($"The host '{host}' is in a private or reserved network, which is not allowed. {Remedy}");

    private static BlipException NotAllowed(string message) => new(ImageSourceErrorCode.AddressNotAllowed, message);

    private static bool HasPlainAuthority(string text)
    {
        int start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        if (start < 3 || text.AsSpan().ContainsAny('\\', ' '))
            return false;

        ReadOnlySpan<char> authority = text.AsSpan(start);
        int end = authority.IndexOfAny('/', '?', '#');
        if (end >= 0)
            authority = authority[..end];
        return authority.Length > 0 && !authority.ContainsAny('@', '%');
    }

    private static bool TryGetHost(Uri uri, out string host)
    {
        host = "";
        if (uri.UserInfo.Length > 0 || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
            return false;

        try
        {
            host = uri.IdnHost.ToLowerInvariant();
        }
        catch (UriFormatException)
        {
            return false;
        }

        if (uri.HostNameType == UriHostNameType.Dns && !HostPattern.EndsInNumber(host))
            return HostPattern.IsName(host);
        if (!IPAddress.TryParse(host, out IPAddress? literal))
            return false;
        host = literal.ToString();
        return true;
    }
}
