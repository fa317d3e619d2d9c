using System.Text;
using Blip.AI.Images;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public sealed class ImageSourceDataTests : IDisposable
{
    private readonly ImageSource _source = new(new ImageSourceOptions { MaxBytes = 10 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _source.Dispose();

    [Theory]
    [InlineData("data:image/png;base64,aW1hZ2U=", "image")]
    [InlineData("DATA:;BASE64,aW1hZ2U=", "image")]
    [InlineData("data:image/svg+xml;charset=utf-8;base64,aW1hZ2U%3D", "image")]
    [InlineData("  data:image/png;base64,aW1h Z2\nU=\n", "image")]
    [InlineData("data:,image", "image")]
    [InlineData("data:image/png,%69mag%65", "image")]
    [InlineData("data:image/png,a+b,c", "a+b,c")]
    [InlineData("data:;base64,MDEyMzQ1Njc4OQ==", "0123456789")]
    [InlineData("data:,%30%31%32%33%34%35%36%37%38%39", "0123456789")]
    public async Task Resolve_DataUri_IsDecoded(string uri, string expected)
    {
        ResolvedImage image = await _source.ResolveAsync(uri, cancellationToken: Token);
        Assert.Equal(expected, Encoding.UTF8.GetString(image.Data.Span));
        Assert.Equal("data URI", image.Source);
    }

    [Theory]
    [InlineData("", BlipErrorCode.InvalidRequest)]
    [InlineData("   ", BlipErrorCode.InvalidRequest)]
    [InlineData("data:", BlipErrorCode.InvalidRequest)]
    [InlineData("data:image/png;base64,", BlipErrorCode.InvalidRequest)]
    [InlineData("data:image/png;base64,%20", BlipErrorCode.InvalidRequest)]
    [InlineData("data:image/png;base64", BlipErrorCode.InvalidRequest)]
    [InlineData("data:image/png;base64,aW1hZ2U", BlipErrorCode.InvalidRequest)]
    [InlineData("data:image/png;base64,cGl*dHVyZQ==", BlipErrorCode.InvalidRequest)]
    [InlineData("data:,%7", BlipErrorCode.InvalidRequest)]
    [InlineData("data:,%", BlipErrorCode.InvalidRequest)]
    [InlineData("data:,%zz", BlipErrorCode.InvalidRequest)]
    [InlineData("data:,%%%%%", BlipErrorCode.InvalidRequest)]
    [InlineData("data:,\u00e9", BlipErrorCode.InvalidRequest)]
    [InlineData("data:;base64,MDEyMzQ1Njc4OTA=", BlipErrorCode.ImageTooLarge)]
    [InlineData("data:;base64,MDEyMzQ1Njc4OTAxMjM0NTY3ODkw", BlipErrorCode.ImageTooLarge)]
    [InlineData("data:,01234567890", BlipErrorCode.ImageTooLarge)]
    public async Task Resolve_BadDataUri_IsRefused(string uri, string code)
    {
        BlipException e = await Assert.ThrowsAsync<BlipException>(async () => await _source.ResolveAsync(uri, cancellationToken: Token));
        Assert.Equal(code, e.Code);
    }

    [Fact]
    public async Task Resolve_HugeDataUri_IsRefusedBeforeDecoding()
    {
        string uri = "data:;base64," + new string('A', 40_000_000);
        await Assert.ThrowsAsync<BlipException>(async () => await _source.ResolveAsync(uri, cancellationToken: Token)); // warm
        long before = GC.GetAllocatedBytesForCurrentThread();
        ValueTask<ResolvedImage> refused = _source.ResolveAsync(uri, cancellationToken: Token);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.Equal(BlipErrorCode.ImageTooLarge, (await Assert.ThrowsAsync<BlipException>(async () => await refused)).Code);
    }

    [Fact]
    public async Task Resolve_DataUrisSwitchedOff_IsRefused()
    {
        using ImageSource source = new(new ImageSourceOptions { AllowDataUris = false });
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            async () => await source.ResolveAsync("data:,x", cancellationToken: Token));
        Assert.Equal(ImageSourceErrorCode.AddressNotAllowed, e.Code);
    }

    [Fact]
    public async Task Resolve_Handle_IsLookedUpInTheScope()
    {
        using ImageRegistry registry = new();
        using ImageStore store = new();
        string hash = store.Add("stored"u8).Image.Handle;
        registry.Add("image"u8);
        ImageSourceScope conversation = new() { Handles = registry }, shared = new() { Handles = store };
        Assert.Equal("image", Encoding.UTF8.GetString((await _source.ResolveAsync("image-1", conversation, Token)).Data.Span));
        Assert.Equal("stored", Encoding.UTF8.GetString((await _source.ResolveAsync(hash, shared, Token)).Data.Span));

        (string, ImageSourceScope?)[] unknown =
            [("image-2", conversation), ("image-1", null), ("image-1", new()), (hash, conversation), ("image-1", shared)];
        foreach ((string handle, ImageSourceScope? scope) in unknown)
        {
            BlipException e = await Assert.ThrowsAsync<BlipException>(async () => await _source.ResolveAsync(handle, scope, Token));
            Assert.Equal(ImageSourceErrorCode.ImageNotFound, e.Code);
            Assert.Contains("Send the image again", e.Message, StringComparison.Ordinal);
        }
    }
}
