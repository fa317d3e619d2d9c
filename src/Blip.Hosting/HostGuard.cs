using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>
/// Checks host, origin and key of a request. So a web page of another site cannot use the service through a user's browser. Immutable.
/// </summary>
internal sealed class HostGuard
{
    private readonly HashSet<string> _hosts;
    private readonly bool _anyHost;
    private readonly bool _anyOrigin;
    private readonly byte[]? _key;

    public HostGuard(BlipHostingOptions options)
    {
        _hosts = new(["localhost", "127.0.0.1", "[::1]", .. options.AllowedHosts], StringComparer.OrdinalIgnoreCase);
        _anyOrigin = _hosts.Contains(BlipHostingOptions.AnyHost);
        _key = string.IsNullOrEmpty(options.ApiKey) ? null : Hash(options.ApiKey);
        _anyHost = _anyOrigin || (_key is not null && options.AllowedHosts.Count == 0);
    }

    public bool AllowsHost(HttpRequest request)
    {
        if (!_anyHost && !_hosts.Contains(request.Host.Host))
            return false;
        if (_anyOrigin)
            return true;
        foreach (string? origin in request.Headers.Origin)
        {
            // A sandboxed page or a file sends "null", which is not allowed either.
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri))
                return false;
            if (!_hosts.Contains(uri.Host) && !uri.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase))
                return false;
        }
        return true;
    }

    public bool AllowsKey(HttpRequest request)
    {
        if (_key is null)
            return true;
        const string Bearer = "Bearer ";
        string authorization = request.Headers[HeaderNames.Authorization].ToString();
        string given = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : request.Headers["x-api-key"].ToString();
        return CryptographicOperations.FixedTimeEquals(Hash(given), _key);
    }

    // Hashes have the same length, so the time of the comparison does not reveal the length of the key.
    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
