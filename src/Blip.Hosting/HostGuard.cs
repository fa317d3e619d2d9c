using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>
/// Checks host, origin and key of a request. So a web page of another site cannot use the service through a user's browser. Immutable.
/// </summary>
internal sealed class HostGuard
{
    private readonly HashSet<string> _hosts, _origins;
    private readonly bool _anyHost, _anyOrigin;
    private readonly byte[][] _keys;

    public HostGuard(IOptions<BlipHostingOptions> bound)
    {
        BlipHostingOptions options = bound.Value;
        _hosts = new(options.AllowedHosts, StringComparer.OrdinalIgnoreCase);
        _origins = new(options.AllowedOrigins.Select(origin => origin.TrimEnd('/')), StringComparer.OrdinalIgnoreCase);
        _keys = [.. options.Keys.Select(Hash)];
        bool any = _hosts.Contains(BlipHostingOptions.AnyHost);
        _anyOrigin = any || _origins.Contains(BlipHostingOptions.AnyHost);
        _anyHost = any || (_keys.Length > 0 && _hosts.Count == 0);
    }

    public bool AllowsHost(HttpRequest request) =>
        _anyHost || IsThisMachine(request.Host.Host) || _hosts.Contains(request.Host.Host);

    public bool AllowsOrigin(HttpRequest request) =>
        _anyOrigin || request.Headers.Origin.All(origin => origin is not null && AllowsOrigin(origin, request.Host));

    public bool AllowsKey(HttpRequest request) => _keys.Length == 0 || FindKey(request) is not null;

    /// <summary>Who sends a request: the key where there is a right one, else the address.</summary>
    public string CallerOf(HttpContext context) => FindKey(context.Request) is { } key
        ? "key " + key.ToString(CultureInfo.InvariantCulture)
        : "address " + context.Connection.RemoteIpAddress;

    /// <summary>Which key the request has: its place among the keys; <see langword="null"/> where it has none or a wrong one.</summary>
    private int? FindKey(HttpRequest request)
    {
        byte[] given = Hash(GivenKey(request.Headers));
        int? found = null;
        // All are compared, so that the time does not tell which is right.
        for (int i = 0; i < _keys.Length; i++)
            found = CryptographicOperations.FixedTimeEquals(given, _keys[i]) ? i : found;
        return found;
    }

    /// <summary>Whether a host name or an address in a URL means the machine that it is used on.</summary>
    public static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private bool AllowsOrigin(string origin, HostString host)
    {
        if (_origins.Contains(origin))
            return true;
        // A sandboxed page or a file sends "null", which is no address.
        if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri))
            return false;
        // The service's own page. A proxy in front may speak another scheme, so only host and port are compared.
        if (uri.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase))
            return host.Port is { } port ? uri.Port == port : uri.IsDefaultPort;
        return uri.IsDefaultPort && _hosts.Contains(uri.Host);
    }

    private static string GivenKey(IHeaderDictionary headers)
    {
        const string Bearer = "Bearer ";
        string authorization = headers[HeaderNames.Authorization].ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return authorization[Bearer.Length..].Trim();
        // The second is the name that Azure's clients use.
        return headers.TryGetValue("x-api-key", out var key) ? key.ToString() : headers["api-key"].ToString();
    }

    // Hashes have the same length, so the time of the comparison does not reveal the length of the key.
    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
