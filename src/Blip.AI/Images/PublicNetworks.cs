using System.Net;
using System.Net.Sockets;

namespace Blip.AI.Images;

/// <summary>
/// Tells public addresses from private and reserved ones, by the special-purpose registries of IANA and the addresses of cloud
/// platforms' own services. Of IPv6 only global unicast addresses (2000::/3) count as public, without the parts of them that are
/// reserved or that carry an IPv4 address: a check of the outer address would miss the inner one.
/// </summary>
/// <remarks>
/// Microsoft.Security.AntiSSRF has the same list, but checks only inside a handler of its own. That handler takes no resolver, and does
/// not let its caller switch proxies and decompression off. A test compares this class with it.
/// </remarks>
internal static class PublicNetworks
{
    private static readonly IPNetwork[] ReservedV4 = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] ReservedV6 = Parse("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    public static bool Contain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();

        return address.AddressFamily == AddressFamily.InterNetwork
            ? !IsIn(ReservedV4, address)
            : GlobalUnicast.Contains(address) && !IsIn(ReservedV6, address) && !IsIsatap(address);
    }

    // RFC 5214: the interface identifier is 0000:5efe or 0200:5efe, then an IPv4 address.
    private static bool IsIsatap(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return (bytes[8] & 0xFC) == 0 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
    }

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(address))
                return true;
        }
        return false;
    }

    private static IPNetwork[] Parse(params string[] networks) => Array.ConvertAll(networks, IPNetwork.Parse);
}
