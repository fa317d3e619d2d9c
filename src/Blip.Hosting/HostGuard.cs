using Microsoft.AspNetCore.Http;

namespace Blip.Hosting;

/// <summary>Tells requests meant for this service from those that a foreign web page sends through a user's browser.</summary>
internal sealed class HostGuard(IEnumerable<string> allowedHosts)
{
    private readonly HashSet<string> _hosts = new(["localhost", "127.0.0.1", "[::1]", .. allowedHosts], StringComparer.OrdinalIgnoreCase);

    public bool Allows(HttpRequest request)
    {
        if (!_hosts.Contains(request.Host.Host))
            return false;
        foreach (string? origin in request.Headers.Origin)
        {
            // "null" is what a sandboxed page or a file sends: foreign too.
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) || !_hosts.Contains(uri.Host))
                return false;
        }
        return true;
    }
}
