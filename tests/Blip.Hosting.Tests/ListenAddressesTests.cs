using Microsoft.Extensions.Options;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Where the service may listen.</summary>
public sealed class ListenAddressesTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://127.0.0.2:5080", true)]
    [InlineData("http://[::1]:5080", true)]
    [InlineData("http://[::ffff:127.0.0.1]:5080", true)]
    [InlineData("http://localhost:5080", true)]
    [InlineData("http://unix:/run/blip.sock", true)]
    [InlineData("http://[::]:5080", false)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://192.168.1.5:5080", false)]
    [InlineData("http://*:5080", false)]
    [InlineData("http://localhost.example:5080", false)]
    [InlineData("http://<file handle>", false)]
    public void IsOfThisMachine_BoundAddress(string address, bool expected) =>
        Assert.Equal(expected, ListenAddresses.IsOfThisMachine(address));

    [Theory]
    [InlineData("http://127.0.0.1:5080")]
    [InlineData("http://127.0.0.1:0;http://[::1]:0")]
    [InlineData("http://*:80")]
    [InlineData("http://+:8080; http://blip.internal")]
    [InlineData("http://unix:/run/blip.sock")]
    public void Check_AddressesThatCanBe_ArePassed(string urls) => ListenAddresses.Check(urls);

    [Theory]
    [InlineData("nonsense")]
    [InlineData("ftp://127.0.0.1:5080")]
    [InlineData("https://127.0.0.1:5443", "TLS")]
    [InlineData("http://127.0.0.1:99999", "port")]
    [InlineData("http://127.0.0.1:eighty", "port")]
    [InlineData("http://127.0.0.1:5080/sub", "path")]
    [InlineData("http://localhost:0", "127.0.0.1:0")]
    [InlineData("http://127.0.0.1:5080;http://:5081")]
    public void Check_AnAddressThatCannotBe_IsToldWithItsReason(string urls, string reason = "is not an address")
    {
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() => ListenAddresses.Check(urls));
        Assert.StartsWith("urls: '", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
