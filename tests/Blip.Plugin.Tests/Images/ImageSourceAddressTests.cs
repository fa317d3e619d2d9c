using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Blip.AI.Images;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public partial class ImageSourceAddressTests
{
    private static readonly string[] Refusals =
    [
        ImageSourceErrorCode.AddressNotAllowed, ImageSourceErrorCode.HostNotAllowed, ImageSourceErrorCode.FileNotAllowed,
        BlipErrorCode.InvalidRequest, BlipErrorCode.FileNotFound,
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resolve_AllowedLoopback_ReachesTheListener()
    {
        await using LoopbackServer server = new(LoopbackServer.Image, IPAddress.Loopback, IPAddress.IPv6Loopback);
        using ImageSource source = new(ImageSourceOptions.Unrestricted(), ToLoopback, mayConnect: null);

        foreach (string host in (string[])["127.0.0.1", "0x7f.1", "[::1]", "localhost", "b\u00fccher.example"])
        {
            ResolvedImage image = await source.ResolveAsync(server.Url(host: host), cancellationToken: Token);
            Assert.Equal("image", Encoding.ASCII.GetString(image.Data.Span));
        }
        Assert.Equal(4, server.Connections); // 0x7f.1 is 127.0.0.1 again
    }

    [Fact]
    public async Task Resolve_HostileAddress_NeverReachesTheListener()
    {
        await using LoopbackServer server =
            new(LoopbackServer.Image, IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.2"));
        string[] hostile = [.. HostileAddresses.All(server.Port)];
        Assert.True(hostile.Length >= 10_000, $"{hostile.Length} addresses");

        // Any host, scheme and port is allowed, but no private network. Every name resolves to loopback.
        using ImageSource open = new(AnyHost(), ToLoopback, mayConnect: null);
        // Private networks are allowed, but only one host is, which is not the listener.
        using ImageSource named = new(
            Options(o => (o.AllowedHosts, o.AllowPlainHttp, o.AllowPrivateNetworks) = ([HostileAddresses.Good], true, true)),
            (host, token) => host == HostileAddresses.Good ? Task.FromResult<IPAddress[]>([]) : ToLoopback(host, token), mayConnect: null);

        foreach (string address in hostile)
        {
            await AssertRefusedAsync(open, address);
            // Some addresses have the allowed host, which does not resolve.
            await AssertRefusedAsync(named, address, ImageSourceErrorCode.ImageFetchFailed);
        }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task Resolve_RedirectToHostileAddress_NeverReachesTheListener()
    {
        await using LoopbackServer inside = new(LoopbackServer.Image, IPAddress.Parse("127.0.0.2"), IPAddress.IPv6Loopback);
        string[] hostile = [.. HostileAddresses.All(inside.Port).Where(address => !address.Contains('\t')).Where((_, i) => i % 7 == 0)];
        Assert.True(hostile.Length >= 1000, $"{hostile.Length} addresses");
        string location = "";
        await using LoopbackServer outside = new((_, stream, _) => LoopbackServer.Redirect(stream, location), IPAddress.Loopback);

        // The outer host counts as public; every other name resolves to the inner one.
        using ImageSource source = new(
            AnyHost(),
            (host, _) => Task.FromResult<IPAddress[]>([host == "outer.example" ? IPAddress.Loopback : IPAddress.Parse("127.0.0.2")]),
            address => address.Equals(IPAddress.Loopback) || PublicNetworks.Contain(address));

        foreach (string address in hostile)
        {
            location = address;
            BlipException e = await ThrowsAsync(source, outside.Url(host: "outer.example"));
            Assert.Contains(e.Code, (string[])[.. Refusals, ImageSourceErrorCode.ImageFetchFailed]);
            AssertClean(e, "outer.example");
        }
        Assert.Equal(0, inside.Connections);
        Assert.True(outside.Connections > 0);
    }

    [Fact]
    public async Task Resolve_SecondAnswerOfTheNameServiceDiffers_ConnectsOnlyToTheCheckedAddress()
    {
        await using LoopbackServer server = new(LoopbackServer.Image);
        int asked = 0;
        ImageSourceOptions options = AnyHost();
        options.Timeout = TimeSpan.FromMilliseconds(200);
        using ImageSource source = new(
            options,
            (_, _) =>
            {
                bool isOdd = Interlocked.Increment(ref asked) % 2 == 1;
                return Task.FromResult<IPAddress[]>([isOdd ? IPAddress.Parse("2000::1") : IPAddress.Loopback]);
            },
            mayConnect: null);

        for (int i = 0; i < 6; i++)
        {
            int before = asked;
            await ThrowsAsync(source, server.Url(host: "rebind.example"));
            Assert.InRange(asked, before, before + 1); // one question for a connection, so no second answer can differ
        }
        Assert.Equal(0, server.Connections);
    }

    [Theory]
    [InlineData("1.1.1.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "1.1.1.1")]
    [InlineData("2606:4700::1111", "::1")]
    [InlineData("1.1.1.1", "::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1", "1.1.1.1")]
    public async Task Resolve_OneAnswerIsInside_RefusesTheHost(params string[] answers)
    {
        using ImageSource source = new(
            Options(o => o.AllowedHosts = ["*.example"]),
            (_, _) => Task.FromResult(Array.ConvertAll(answers, IPAddress.Parse)),
            mayConnect: null);
        BlipException e = await ThrowsAsync(source, "https://mixed.example/a.png");
        Assert.Equal(ImageSourceErrorCode.AddressNotAllowed, e.Code);
        AssertClean(e, "");
    }

    [Theory]
    [InlineData("https://example.com/a.png", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://EXAMPLE.com:443/a.png", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://a.b.example.org/a.png#x", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://b\u00fccher.example/a.png", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://xn--bcher-kva.example/a.png", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://93.184.216.34/a.png", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("https://example.com:8443/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("http://example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://93.184.216.35/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://example.com./a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://example.org/a.png", ImageSourceErrorCode.HostNotAllowed)]
    [InlineData("https://badexample.org/a.png", ImageSourceErrorCode.HostNotAllowed)]
    [InlineData("https://www.example.com/a.png", ImageSourceErrorCode.HostNotAllowed)]
    [InlineData("https://example.com.evil.net/a.png", ImageSourceErrorCode.HostNotAllowed)]
    [InlineData("ftp://example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https:example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https:/example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https:///example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https:\\\\example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://example.com\\a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://@example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://me@example.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://ex%61mple.com/a.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://example.com/a b.png", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https://", ImageSourceErrorCode.AddressNotAllowed)]
    [InlineData("https:", ImageSourceErrorCode.AddressNotAllowed)]
    public async Task Resolve_HostList_DecidesBeforeAnythingIsSent(string address, string code)
    {
        // No name resolves: the code shows whether a connection was tried.
        using ImageSource source = new(
            Options(o => o.AllowedHosts = ["example.com", "*.Example.org", "b\u00fccher.example", "93.184.216.34"]),
            (_, _) => Task.FromResult<IPAddress[]>([]),
            _ => throw new IOException("This test opens no connection."));
        Assert.Equal(code, (await ThrowsAsync(source, address)).Code);
    }

    [Theory]
    [InlineData("http://example.com/a.png", true)]
    [InlineData("http://93.184.216.34/a.png", true)]
    [InlineData("http://other.example/a.png", false)]
    [InlineData("http://93.184.216.35/a.png", false)]
    public async Task Resolve_PlainHttp_IsToldHttpsOnlyWhereThatWouldDo(string address, bool advised)
    {
        using ImageSource source = new(Options(o => o.AllowedHosts = ["example.com", "93.184.216.34"]));
        BlipException e = await ThrowsAsync(source, address);
        Assert.Equal(ImageSourceErrorCode.AddressNotAllowed, e.Code);
        Assert.Equal(advised, e.Message.Contains("https", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("aux.jpg")]
    [InlineData("file://other/a.jpg")]
    public async Task Resolve_FileWhereNoneMayBeRead_IsNotToldToNameAnother(string file)
    {
        using ImageSource source = new(new ImageSourceOptions());
        BlipException e = await ThrowsAsync(source, file);
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, e.Code);
        Assert.Contains("no folder is allowed", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ame", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "No image is given. Give a data URI.")]
    [InlineData("ftp://example.com/a.png", "This kind of address is not supported. Give a data URI.")]
    public async Task Resolve_NothingConfigured_AdvisesOnlyWhatIsAllowed(string image, string expected)
    {
        using ImageSource source = new(new ImageSourceOptions());
        Assert.Equal(expected, (await ThrowsAsync(source, image)).Message);
    }

    [Fact]
    public async Task Resolve_NothingConfigured_DeniesAddressesAndFiles()
    {
        using ImageSource source = new(new ImageSourceOptions());
        Assert.Equal(ImageSourceErrorCode.HostNotAllowed, (await ThrowsAsync(source, "https://example.com/")).Code);
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, (await ThrowsAsync(source, "/etc/hostname")).Code);
    }

    [Theory]
    [InlineData("/a/final", true)]
    [InlineData("final", true)]
    [InlineData("//127.0.0.1:{port}/final", true)]
    [InlineData("/step-3", true)]
    [InlineData("/step-4", false)]
    [InlineData("/loop", false)]
    public async Task Resolve_Redirects_AreFollowedThreeTimes(string first, bool arrives)
    {
        string target = "";
        await using LoopbackServer server = new((path, stream, token) => path switch
        {
            "/start" => LoopbackServer.Redirect(stream, target),
            "/loop" => LoopbackServer.Redirect(stream, "/loop"),
            "/step-4" => LoopbackServer.Redirect(stream, "step-3", 301),
            "/step-3" => LoopbackServer.Redirect(stream, "/step-2", 307),
            "/step-2" => LoopbackServer.Redirect(stream, "/step-1", 308),
            _ => LoopbackServer.Image(path, stream, token),
        });
        target = first.Replace("{port}", server.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        using ImageSource source = new(ImageSourceOptions.Unrestricted());

        if (arrives)
        {
            Assert.Equal(5, (await source.ResolveAsync(server.Url("/start"), cancellationToken: Token)).Data.Length);
            return;
        }
        BlipException e = await FailAsync(source, server.Url("/start"), ImageSourceErrorCode.ImageFetchFailed);
        Assert.Contains("redirects more than 3 times", e.Message, StringComparison.Ordinal);
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public void CheckRedirect_HttpsToHttp_IsRefused()
    {
        WebAddressPolicy policy = new(ImageSourceOptions.Unrestricted());
        Uri from = policy.Check("https://example.com/a");
        Assert.Equal("https://example.com/b", policy.CheckRedirect(from, "/b").AbsoluteUri);
        BlipException e = Assert.Throws<BlipException>(() => policy.CheckRedirect(from, "http://example.com/b"));
        Assert.Equal(ImageSourceErrorCode.AddressNotAllowed, e.Code);
    }

    [Fact]
    public async Task Resolve_Request_SendsNothingBeyondTheAddress()
    {
        using Activity activity = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();
        const string Headers = "Set-Cookie: a=b\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n";
        await using LoopbackServer server = new((_, stream, _) => LoopbackServer.Write(stream, "200 OK", Headers, "image"));
        using ImageSource source = new(ImageSourceOptions.Unrestricted());
        for (int i = 0; i < 2; i++)
        {
            ResolvedImage image = await source.ResolveAsync(server.Url("/a?b=c#d"), cancellationToken: Token);
            Assert.Equal("image", Encoding.ASCII.GetString(image.Data.Span));
        }

        Assert.All(server.Requests, request =>
        {
            Assert.StartsWith("GET /a?b=c HTTP/1.1\r\n", request, StringComparison.Ordinal);
            string[] names = [.. request.Split("\r\n")[1..^2].Select(line => line.Split(':')[0]).Order()];
            Assert.Equal(["Accept", "Host", "User-Agent"], names);
        });
    }

    [Theory]
    [InlineData("/declared")]
    [InlineData("/endless")]
    [InlineData("/chunked")]
    public async Task Resolve_BodyOverTheLimit_EndsBySize(string path)
    {
        long sent = 0;
        await using LoopbackServer server = new(async (asked, stream, token) =>
        {
            string headers = asked switch
            {
                "/declared" => "Content-Length: 99999999999\r\n",
                "/chunked" => "Transfer-Encoding: chunked\r\n",
                _ => "Connection: close\r\n",
            };
            await LoopbackServer.Write(stream, "200 OK", headers, "");
            byte[] block = Encoding.ASCII.GetBytes("1000\r\n" + new string('x', 0x1000) + "\r\n");
            for (; asked != "/declared" || sent == 0; sent += block.Length)
                await stream.WriteAsync(block, token);
        });
        using ImageSource source = new(Unrestricted(o => o.MaxBytes = 1_000_000));
        await FailAsync(source, server.Url(path), BlipErrorCode.ImageTooLarge);
        Assert.InRange(sent, 0, 20_000_000); // the socket's buffers run ahead of the reader
    }

    [Fact]
    public async Task Resolve_BodyOfExactlyTheLimit_IsTaken()
    {
        const string Headers = "Connection: close\r\nContent-Length: 300000\r\n";
        string body = new('x', 300_000);
        await using LoopbackServer server = new((_, stream, _) => LoopbackServer.Write(stream, "200 OK", Headers, body));
        using ImageSource exact = new(Unrestricted(o => o.MaxBytes = 300_000));
        using ImageSource smaller = new(Unrestricted(o => o.MaxBytes = 299_999));
        Assert.Equal(300_000, (await exact.ResolveAsync(server.Url(), cancellationToken: Token)).Data.Length);
        await FailAsync(smaller, server.Url(), BlipErrorCode.ImageTooLarge);
    }

    [Theory]
    [InlineData("/drip-body")]
    [InlineData("/drip-head")]
    [InlineData("/silence")]
    [InlineData("/slow-redirects")]
    public async Task Resolve_SlowAnswer_EndsByTime(string path)
    {
        await using LoopbackServer server = new(async (asked, stream, token) =>
        {
            if (asked == "/slow-redirects")
            {
                await Task.Delay(150, token);
                await LoopbackServer.Redirect(stream, asked);
                return;
            }
            if (asked == "/drip-body")
                await LoopbackServer.Write(stream, "200 OK", "Content-Length: 1000000\r\n", "");
            while (true)
            {
                if (asked != "/silence")
                    await stream.WriteAsync("x"u8.ToArray(), token);
                await Task.Delay(20, token);
            }
        });
        using ImageSource source = new(Unrestricted(o => (o.Timeout, o.MaxRedirects) = (TimeSpan.FromMilliseconds(400), 10)));
        Stopwatch watch = Stopwatch.StartNew();
        await FailAsync(source, server.Url(path), BlipErrorCode.Timeout);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.3, 10);
    }

    [Theory]
    [InlineData("404 Not Found", 404)]
    [InlineData("403 Forbidden", 403)]
    [InlineData("204 No Content", 204)]
    [InlineData("206 Partial Content", 206)]
    [InlineData("302 Found", 302)]
    [InlineData("500 Oops", 500)]
    [InlineData("503 Busy", 503)]
    public async Task Resolve_OtherStatus_FailsWithTheStatus(string status, int code)
    {
        (string headers, string body) = code == 204 ? ("", "") : ("Content-Length: 6\r\n", "secret");
        await using LoopbackServer server = new((_, stream, _) => LoopbackServer.Write(stream, status, headers, body));
        using ImageSource source = new(ImageSourceOptions.Unrestricted());
        BlipException e = await FailAsync(source, server.Url(), ImageSourceErrorCode.ImageFetchFailed);
        Assert.Equal(code, (int?)Assert.IsType<HttpRequestException>(e.InnerException).StatusCode);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BlipErrorCode.UnsupportedImage)]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("", ImageSourceErrorCode.ImageFetchFailed)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n", ImageSourceErrorCode.ImageFetchFailed)]
    public async Task Resolve_BrokenAnswer_FailsClearly(string answer, string code)
    {
        await using LoopbackServer server = new(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), token);
            stream.Close();
        });
        using ImageSource source = new(ImageSourceOptions.Unrestricted());
        await FailAsync(source, server.Url(), code);
    }

    [Fact]
    public async Task Resolve_UnreachableHost_NamesTheHostAndNothingElse()
    {
        using Socket deaf = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // keeps the port, and does not listen
        int port = ((IPEndPoint)deaf.LocalEndPoint!).Port;
        using ImageSource source = new(ImageSourceOptions.Unrestricted(), ToLoopback, mayConnect: null);
        string address = FormattableString.Invariant($"http://gone.example:{port}/p?token={HostileAddresses.Token}");
        BlipException e = await ThrowsAsync(source, address);
        Assert.Equal(ImageSourceErrorCode.ImageFetchFailed, e.Code);
        Assert.Equal("'gone.example' cannot be reached. Check the address, or send the image itself.", e.Message);
        Assert.DoesNotContain("127.0.0.1", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_CallerCancels_ThrowsCancelled()
    {
        await using LoopbackServer server = new((_, _, token) => Task.Delay(Timeout.Infinite, token));
        using ImageSource source = new(ImageSourceOptions.Unrestricted());
        using CancellationTokenSource cancel = new(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await source.ResolveAsync(server.Url(), cancellationToken: cancel.Token));
    }

    private static Task<IPAddress[]> ToLoopback(string host, CancellationToken cancellationToken) =>
        Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback]);

    private static ImageSourceOptions AnyHost() =>
        Options(o => (o.AllowedHosts, o.AllowPlainHttp, o.AllowedPorts) = (["*"], true, [0]));

    private static ImageSourceOptions Options(Action<ImageSourceOptions> set)
    {
        ImageSourceOptions options = new();
        set(options);
        return options;
    }

    private static ImageSourceOptions Unrestricted(Action<ImageSourceOptions> set)
    {
        ImageSourceOptions options = ImageSourceOptions.Unrestricted();
        set(options);
        return options;
    }

    private static Task<BlipException> ThrowsAsync(ImageSource source, string address) =>
        Assert.ThrowsAsync<BlipException>(async () => await source.ResolveAsync(address, cancellationToken: Token));

    private static async Task<BlipException> FailAsync(ImageSource source, string address, string code)
    {
        BlipException e = await ThrowsAsync(source, address);
        Assert.Equal(code, e.Code);
        AssertClean(e, address);
        return e;
    }

    private static async Task AssertRefusedAsync(ImageSource source, string address, string? otherCode = null)
    {
        try
        {
            await source.ResolveAsync(address, cancellationToken: Token);
        }
        catch (BlipException e)
        {
            Assert.True(Refusals.Contains(e.Code) || e.Code == otherCode, $"{address}: {e.Code}");
            AssertClean(e, address);
            return;
        }
        Assert.Fail($"{address}: taken");
    }

    /// <summary>One line, no token, no stack, and no IP address that the caller did not write.</summary>
    private static void AssertClean(BlipException e, string given)
    {
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(HostileAddresses.Token, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("latest/meta-data", e.Message, StringComparison.Ordinal);
        Assert.All(Ip.Matches(e.Message), match => Assert.Contains(match.Value, given, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+\.\d+|[0-9a-f]*::[0-9a-f:]*")]
    private static partial Regex Ip { get; }
}
