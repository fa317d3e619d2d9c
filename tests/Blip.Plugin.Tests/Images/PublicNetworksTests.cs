using System.Net;
using System.Reflection;
using Blip.AI.Images;
using Microsoft.Security.AntiSSRF;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public class PublicNetworksTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("168.63.129.15")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("2606:4700::1111")]
    [InlineData("2001:200::1")]
    public void Contain_PublicAddress_IsTrue(string address) => Assert.True(PublicNetworks.Contain(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("100.100.100.200")]
    [InlineData("192.0.0.192")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b:1::127.0.0.1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2001:0:7f00:1::1")]
    [InlineData("2a00:1450::5efe:8.8.8.8")]
    [InlineData("2a00:1450::200:5efe:127.0.0.1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1%2")]
    [InlineData("4000::1")]
    public void Contain_InsideAddress_IsFalse(string address) => Assert.False(PublicNetworks.Contain(IPAddress.Parse(address)));

    [Fact]
    public void Contain_TenThousandAddresses_AgreesWithAntiSsrf()
    {
        AntiSSRFPolicy policy = new(PolicyConfigOptions.ExternalOnlyLatest);
        Func<IPAddress[], bool> peer = typeof(AntiSSRFPolicy)
            .GetMethod("IsNetworkConnectionAllowed", BindingFlags.Instance | BindingFlags.NonPublic)!
            .CreateDelegate<Func<IPAddress[], bool>>(policy);

        List<IPAddress> addresses = [.. Addresses(new Random(14))];
        Assert.True(addresses.Count >= 10_000, $"{addresses.Count} addresses");
        Assert.InRange(addresses.Count(PublicNetworks.Contain), addresses.Count / 10, addresses.Count * 9 / 10);

        foreach (IPAddress address in addresses)
        {
            if (PublicNetworks.Contain(address) != peer([address]))
                Assert.True(!PublicNetworks.Contain(address) && IsStricterOnPurpose(address), $"disagree on {address}");
        }
    }

    // The only differences are IPv6 addresses that are not global unicast, and ISATAP interface identifiers. Blip refuses both.
    private static bool IsStricterOnPurpose(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        return bytes.Length == 16 && ((bytes[0] & 0xE0) != 0x20 || bytes.AsSpan(9, 3).SequenceEqual<byte>([0, 0x5E, 0xFE]));
    }

    private static IEnumerable<IPAddress> Addresses(Random random)
    {
        string[] networks = (string[])typeof(IPAddressRanges).GetField("recommendedLatest")!.GetValue(null)!;
        foreach (IPNetwork network in networks.Select(IPNetwork.Parse))
        {
            byte[] first = network.BaseAddress.GetAddressBytes();
            byte[] last = [.. first];
            for (int bit = network.PrefixLength; bit < last.Length * 8; bit++)
                last[bit / 8] |= (byte)(0x80 >> (bit % 8));
            yield return new IPAddress(first);
            yield return new IPAddress(last);
            yield return new IPAddress(Step(first, -1));
            yield return new IPAddress(Step(last, 1));
            for (int i = 0; i < 60; i++)
            {
                byte[] inside = Bytes(random, first.Length);
                for (int bit = 0; bit < network.PrefixLength; bit++)
                    inside[bit / 8] = (byte)((inside[bit / 8] & ~(0x80 >> (bit % 8))) | (first[bit / 8] & (0x80 >> (bit % 8))));
                yield return new IPAddress(inside);
                if (first.Length == 4)
                    yield return new IPAddress(inside).MapToIPv6();
            }
        }

        for (int i = 0; i < 2500; i++)
        {
            yield return new IPAddress(Bytes(random, 4));
            yield return new IPAddress(Bytes(random, 16));
            byte[] global = Bytes(random, 16);
            global[0] = (byte)((global[0] & 0x1F) | 0x20);
            yield return new IPAddress(global);
            if (i % 25 == 0)
            {
                (global[8], global[9], global[10], global[11]) = ((byte)(i % 2 * 2), 0, 0x5E, 0xFE);
                yield return new IPAddress(global);
            }
        }
    }

    private static byte[] Step(byte[] address, int by)
    {
        byte[] next = [.. address];
        for (int i = next.Length - 1; i >= 0; i--)
        {
            next[i] = (byte)(next[i] + by);
            if (next[i] != (by > 0 ? 0 : 0xFF))
                break;
        }
        return next;
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
