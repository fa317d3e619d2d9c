using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// Where the service listens: checked as it is asked for, before the start, and as it is bound, before the first request.
/// </summary>
internal static class ListenAddresses
{
    /// <summary>Checks the setting <c>urls</c>.</summary>
    /// <exception cref="OptionsValidationException">An address cannot be listened on; the message says why.</exception>
    public static void Check(string urls)
    {
        foreach (string url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (FindProblem(url) is { } problem)
                throw new OptionsValidationException("urls", typeof(string), [$"urls: '{url}' {problem}"]);
        }
    }

    /// <summary>Whether other machines cannot reach an address that the server has bound.</summary>
    public static bool IsOfThisMachine(string bound)
    {
        try
        {
            BindingAddress address = BindingAddress.Parse(bound);
            return address.IsUnixPipe || address.IsNamedPipe || HostGuard.IsThisMachine(address.Host);
        }
        catch (FormatException)
        {
            // A socket that another process opened: where it listens is not known.
            return false;
        }
    }

    private static string? FindProblem(string url)
    {
        string wrong = $"is not an address to listen on, such as {BlipServer.DefaultUrl}.";
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return wrong;
        }
        if (address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase))
            return "uses https, but this service has no TLS: listen on http, and put a proxy with the certificate in front.";
        if (!address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
            return wrong;
        if (address.IsUnixPipe || address.IsNamedPipe)
            return null;
        if (address.PathBase.Length > 0)
            return "has a path. Leave it out: a proxy in front can add one.";
        // What is no number does not count as a port, but as a part of the name.
        bool named = address.Host is "*" or "+" || Uri.CheckHostName(address.Host) != UriHostNameType.Unknown;
        if (!named || address.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
            return $"has an invalid host or port. Write an address such as {BlipServer.DefaultUrl}.";
        return address.Port == 0 && address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? "asks for a free port, but localhost can be two addresses. Write http://127.0.0.1:0."
            : null;
    }
}
