using System.Globalization;
using System.Net;

namespace Blip.Plugin.Tests.Images;

/// <summary>Addresses that try to reach a private network: each target in each spelling and each form of address.</summary>
internal static class HostileAddresses
{
    public const string Token = "s3cr3t-t0ken";
    public const string Good = "good.example";

    private static readonly string[] Targets =
    [
        "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "10.0.0.1", "100.100.100.200", "168.63.129.16", "169.254.169.254",
        "172.16.0.1", "192.0.0.192", "192.168.0.1",
    ];

    private static readonly string[] Names =
    [
        "localhost", "LOCALHOST", "localhost.", "localhost..", "a.localhost", "localhost.localdomain", "ip6-localhost",
        "\uff4c\uff4f\uff43\uff41\uff4clhost", "\u24dbocalhost", "loca\u00adlhost",
        "127.0.0.1.nip.io", "metadata.google.internal", "metadata", "kubernetes.default.svc", "xn--nxasmq6b", Good, "a." + Good,
        "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::1%lo]", "[fe80::1%25eth0]", "[fe80::1]", "[fd00:ec2::254]",
        "[::ffff:0:0]", "[ff02::1]", "[4000::1]", "[::1", "::1", "[127.0.0.1]", "[v1.127.0.0.1]", "",
    ];

    /// <param name="port">The port of the listener that must not be reached.</param>
    public static IEnumerable<string> All(int port)
    {
        foreach (string host in Targets.SelectMany(Spellings).Concat(Names).Distinct())
        {
            string target = FormattableString.Invariant($"{host}:{port}");
            string tail = "/latest/meta-data?token=" + Token;
            yield return $"http://{target}{tail}";
            yield return $"https://{target}{tail}";
            yield return $"HtTp://{target}{tail}#{Good}";
            yield return $"http://{Good}@{target}{tail}";
            yield return $"http://{Good}:80@{target}{tail}";
            yield return $"http://user:{Token}@{target}{tail}";
            yield return $"http://{Good}%40{target}{tail}";
            yield return $"http://{Good}#@{target}{tail}";
            yield return $"http://{target}#@{Good}{tail}";
            yield return $"http://{target}?@{Good}{tail}";
            yield return $"http://{target}\\@{Good}{tail}";
            yield return $"http://{Good}\\@{target}{tail}";
            yield return $"http://{target}@{Good}@{target}{tail}";
            yield return $"http:\\\\{target}{tail}";
            yield return $"http:/{target}{tail}";
            yield return $"http:{target}{tail}";
            yield return $"http:///{target}{tail}";
            yield return $"http://\t{target}{tail}";
            yield return $"http://{target} .{Good}{tail}";
            yield return $"http://{target}%00.{Good}{tail}";
            yield return $"http://{target}%2f.{Good}{tail}";
            yield return $"http://{target}/.{Good}{tail}";
            yield return $"//{target}{tail}";
            yield return $"\\\\{target}{tail}";
            yield return $"file://{target}{tail}";
            yield return $"ftp://{target}{tail}";
            yield return $"gopher://{target}{tail}";
            yield return $"jar:http://{target}!{tail}";
            yield return $"url:http://{target}{tail}";
            yield return $" http://{Good}@{target}{tail} ";
        }
    }

    private static IEnumerable<string> Spellings(string target)
    {
        byte[] b = IPAddress.Parse(target).GetAddressBytes();
        uint n = ((uint)b[0] << 24) | ((uint)b[1] << 16) | ((uint)b[2] << 8) | b[3];
        string Hex(int i) => b[i].ToString("x2", CultureInfo.InvariantCulture);
        string Octal(int i, int width = 4) => Convert.ToString(b[i], 8).PadLeft(width, '0');
        string groups = $"{Hex(0)}{Hex(1)}:{Hex(2)}{Hex(3)}";

        yield return target;
        yield return target + ".";
        yield return n.ToString(CultureInfo.InvariantCulture);
        yield return (n + (1L << 32)).ToString(CultureInfo.InvariantCulture);
        yield return $"0x{n:x8}";
        yield return $"0X{n:X}";
        yield return $"0x0000000{n:x8}";
        yield return "0" + Convert.ToString(n, 8);
        yield return "00000" + Convert.ToString(n, 8);
        yield return $"0x{Hex(0)}.0x{Hex(1)}.0x{Hex(2)}.0x{Hex(3)}";
        yield return $"{Octal(0)}.{Octal(1)}.{Octal(2)}.{Octal(3)}";
        yield return $"{Octal(0, 8)}.{Octal(1, 8)}.{Octal(2, 8)}.{Octal(3, 8)}";
        yield return $"0x{Hex(0)}.{Octal(1)}.{b[2]}.{b[3]}";
        yield return FormattableString.Invariant($"{b[0]}.{n & 0xFFFFFF}");
        yield return FormattableString.Invariant($"{b[0]}.{b[1]}.{n & 0xFFFF}");
        yield return FormattableString.Invariant($"{b[0] + 256}.{b[1]}.{b[2]}.{b[3]}");
        yield return string.Concat(target.Select(c => char.IsDigit(c) ? (char)(c - '0' + '\uff10') : c));
        yield return string.Concat(target.Select(c => char.IsDigit(c) ? (char)(c - '0' + '\uff10') : '\u3002'));
        yield return target.Replace('.', '\uff0e');
        yield return target.Replace('1', '\u2460').Replace('2', '\u2461');
        yield return string.Concat(target.Select(c => char.IsDigit(c) ? char.ConvertFromUtf32(0x1D7D8 + c - '0') : "."));
        yield return string.Concat(target.Select(c => $"%{(int)c:x2}"));
        yield return target.Replace(".", "%2e", StringComparison.Ordinal);
        yield return $"[::ffff:{target}]";
        yield return $"[::ffff:{groups}]";
        yield return $"[0:0:0:0:0:ffff:{groups}]";
        yield return $"[::{target}]";
        yield return $"[::ffff:0:{target}]";
        yield return $"[64:ff9b::{target}]";
        yield return $"[64:ff9b:1::{groups}]";
        yield return $"[2002:{groups}::1]";
        yield return $"[2001:0:{groups}::1]";
        yield return $"[2001:0:808:808::{~n >> 16 & 0xFFFF:x}:{~n & 0xFFFF:x}]";
        yield return $"[2a00:1450::5efe:{target}]";
        yield return $"[2a00:1450::200:5efe:{groups}]";
        yield return $"[::ffff:{target}%251]";
    }
}
