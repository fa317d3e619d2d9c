using Blip.AI.Images;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public class ImageSourceOptionsTests
{
    [Fact]
    public void Bind_Configuration_SetsEveryValue()
    {
        ImageSourceOptions options = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AllowedHosts:0"] = "*.example.com",
            ["AllowedHosts:1"] = "example.org",
            ["AllowedFolders:0"] = "/images",
            ["AllowDataUris"] = "false",
            ["AllowPlainHttp"] = "true",
            ["AllowPrivateNetworks"] = "true",
            ["AllowedPorts:0"] = "8443",
            ["MaxBytes"] = "1000",
            ["Timeout"] = "00:00:03",
            ["MaxRedirects"] = "1",
        }).Build().Get<ImageSourceOptions>()!;

        Assert.Equal(["*.example.com", "example.org"], options.AllowedHosts);
        Assert.Equal(["/images"], options.AllowedFolders);
        Assert.Equal([8443], options.AllowedPorts);
        Assert.Equal((false, true, true), (options.AllowDataUris, options.AllowPlainHttp, options.AllowPrivateNetworks));
        Assert.Equal((1000, TimeSpan.FromSeconds(3), 1), (options.MaxBytes, options.Timeout, options.MaxRedirects));
        new ImageSource(options).Dispose();
    }

    [Fact]
    public void Constructor_DefaultAndUnrestricted_AreValid()
    {
        new ImageSource(new ImageSourceOptions()).Dispose();
        new ImageSource(ImageSourceOptions.Unrestricted()).Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("*.")]
    [InlineData("*example.com")]
    [InlineData("a.*.com")]
    [InlineData("https://example.com")]
    [InlineData("example.com/path")]
    [InlineData("example.com:443")]
    [InlineData("example.com.")]
    [InlineData("user@example.com")]
    [InlineData("*.1.2.3.4")]
    [InlineData("0x7f.example.0x1")]
    public void Constructor_BadHost_IsRefusedByName(string host) =>
        Refused(new() { AllowedHosts = ["good.example", host] }, nameof(ImageSourceOptions.AllowedHosts));

    [Theory]
    [InlineData("images")]
    [InlineData("./images")]
    [InlineData("")]
    public void Constructor_BadFolder_IsRefusedByName(string folder) =>
        Refused(new() { AllowedFolders = [folder] }, nameof(ImageSourceOptions.AllowedFolders));

    [Fact]
    public void Constructor_ValueOutOfRange_IsRefusedByName()
    {
        Refused(new() { MaxBytes = 0 }, nameof(ImageSourceOptions.MaxBytes));
        Refused(new() { MaxRedirects = 11 }, nameof(ImageSourceOptions.MaxRedirects));
        Refused(new() { Timeout = TimeSpan.Zero }, nameof(ImageSourceOptions.Timeout));
        Refused(new() { Timeout = TimeSpan.FromHours(1) }, nameof(ImageSourceOptions.Timeout));
        Refused(new() { AllowedPorts = [70000] }, nameof(ImageSourceOptions.AllowedPorts));
        Assert.Throws<OptionsValidationException>(() => new ImageRegistry(new ImageStoreOptions { MaxImages = 0 }));
        Assert.Throws<OptionsValidationException>(() => new ImageStore(new ImageStoreOptions { Lifetime = TimeSpan.Zero }));
    }

    private static void Refused(ImageSourceOptions options, string name) =>
        Assert.Contains(name, Assert.Throws<OptionsValidationException>(() => new ImageSource(options)).Message, StringComparison.Ordinal);
}
