using System.Buffers;
using System.Globalization;
using System.Net;

namespace Blip.AI.Images;

/// <summary>An entry of <see cref="ImageSourceOptions.AllowedHosts"/>, compared with hosts in their normal form.</summary>
internal sealed class HostPattern
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly IdnMapping Idn = new();

    private readonly string _name;
    private readonly bool _below;

    private HostPattern(string name, bool below) => (_name, _below) = (name, below);

    /// <summary>The pattern of an entry; null where the entry is no host.</summary>
    public static HostPattern? TryParse(string text)
    {
        if (text == ImageSourceOptions.Any)
            return new HostPattern("", below: true);

        bool below = text.StartsWith("*.", StringComparison.Ordinal);
        if (IPAddress.TryParse(text, out IPAddress? literal))
            return new HostPattern(literal.ToString(), below: false);

        try
        {
            string name = Idn.GetAscii(below ? text[2..] : text).ToLowerInvariant();
            return IsName(name) && !EndsInNumber(name) ? new HostPattern(below ? "." + name : name, below) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether the text can be a host's name: ASCII labels, none of them empty (so no dot at the end either).</summary>
    public static bool IsName(ReadOnlySpan<char> host) =>
        host.Length is > 0 and <= 253 && !host.ContainsAnyExcept(NameCharacters)
        && host[0] != '.' && host[^1] != '.' && host.IndexOf("..", StringComparison.Ordinal) < 0;

    /// <summary>Whether a resolver could take the text for an IPv4 address: its last label is a decimal, octal or hex number.</summary>
    public static bool EndsInNumber(ReadOnlySpan<char> host)
    {
        ReadOnlySpan<char> last = host[(host.LastIndexOf('.') + 1)..];
        return last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || !last.ContainsAnyExceptInRange('0', '9');
    }

    public bool Matches(string host) => _below ? host.EndsWith(_name, StringComparison.Ordinal) : host == _name;

    /// <summary>Whether the pattern names exactly this host, and not a group of hosts.</summary>
    public bool Names(string host) => !_below && host == _name;
}
