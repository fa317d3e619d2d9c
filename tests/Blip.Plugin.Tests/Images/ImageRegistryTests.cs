using System.Collections.Concurrent;
using System.Text;
using Blip.AI.Images;
using Xunit;

namespace Blip.Plugin.Tests.Images;

[Collection(nameof(Alone))]
public class ImageRegistryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Add_Images_GetNumberedHandlesOncePerContent()
    {
        ManualTime time = new();
        using ImageRegistry registry = new(timeProvider: time);
        StoredImage first = registry.Add([0xFF, 0xD8, 0xFF, 0xE0]);
        Assert.Equal(("image-1", 4, "image/jpeg"), (first.Handle, first.Bytes, first.MediaType));
        Assert.Equal((time.Now, time.Now.AddHours(1)), (first.AddedAt, first.ExpiresAt));
        Assert.Equal("image-2", registry.Add("other"u8).Handle);
        Assert.Equal("image-1", registry.Add([0xFF, 0xD8, 0xFF, 0xE0]).Handle);
        Assert.Equal(["image-1", "image-2"], registry.List().Select(image => image.Handle));
        Assert.False(registry.TryGet("image-3", out _));
        Assert.False(registry.TryGet("IMAGE-1", out _));
    }

    [Fact]
    public void Add_ArrayChangesAfterwards_ImageDoesNot()
    {
        using ImageRegistry registry = new();
        byte[] bytes = "image"u8.ToArray();
        registry.Add(bytes);
        bytes.AsSpan().Clear();
        Assert.True(registry.TryGet("image-1", out ReadOnlyMemory<byte> image));
        Assert.Equal("image"u8, image.Span);
    }

    [Theory]
    [InlineData("FFD8FFE000104A46", "image/jpeg")]
    [InlineData("89504E470D0A1A0A", "image/png")]
    [InlineData("474946383961", "image/gif")]
    [InlineData("52494646FFFFFF0057454250", "image/webp")]
    [InlineData("52494646FFFFFF0057415645", "application/octet-stream")]
    [InlineData("424D", "image/bmp")]
    [InlineData("3C", "application/octet-stream")]
    public void Add_Bytes_DecideTheMediaType(string hex, string type)
    {
        using ImageRegistry registry = new();
        Assert.Equal(type, registry.Add(Convert.FromHexString(hex)).MediaType);
    }

    [Fact]
    public void Add_TooManyImages_DropsTheLeastRecentlyUsed()
    {
        using ImageRegistry registry = new();
        for (int i = 0; i < 32; i++)
            registry.Add(Encoding.UTF8.GetBytes($"image {i}"));
        Assert.True(registry.TryGet("image-1", out _));

        Assert.Equal("image-33", registry.Add("one more"u8).Handle);
        Assert.True(registry.TryGet("image-1", out _));
        Assert.False(registry.TryGet("image-2", out _));
        Assert.Equal(32, registry.List().Count);
        Assert.Equal("image-2", registry.Add("image 1"u8).Handle); // it has its number again
    }

    [Fact]
    public void Add_TooManyBytes_DropsTheLeastRecentlyUsed()
    {
        using ImageRegistry registry = new(new ImageStoreOptions { MaxBytes = 100 });
        registry.Add(new byte[40]);
        registry.Add(new byte[41]);
        registry.Add(new byte[60]);
        Assert.Equal(["image-3"], registry.List().Select(image => image.Handle));
        registry.Add(new byte[39]);
        Assert.Equal(["image-3", "image-4"], registry.List().Select(image => image.Handle));
        registry.Add(new byte[100]);
        Assert.Equal(["image-5"], registry.List().Select(image => image.Handle));
        Assert.Equal(BlipErrorCode.ImageTooLarge, Assert.Throws<BlipException>(() => registry.Add(new byte[101])).Code);
        Assert.Equal(BlipErrorCode.InvalidRequest, Assert.Throws<BlipException>(() => registry.Add([])).Code);
        Assert.Single(registry.List());
    }

    [Fact]
    public void TryGet_AfterItsTime_FindsNothing()
    {
        ManualTime time = new();
        using ImageRegistry registry = new(new ImageStoreOptions { Lifetime = TimeSpan.FromMinutes(10) }, time);
        registry.Add("a"u8);
        registry.Add("b"u8);
        time.Now += TimeSpan.FromMinutes(9);
        Assert.True(registry.TryGet("image-1", out _)); // starts its time again
        time.Now += TimeSpan.FromMinutes(1);
        Assert.False(registry.TryGet("image-2", out _));
        Assert.Equal(["image-1"], registry.List().Select(image => image.Handle));
        time.Now += TimeSpan.FromMinutes(9);
        Assert.Empty(registry.List());
    }

    [Fact]
    public void Dispose_Registry_FreesAndRefuses()
    {
        ImageRegistry registry = new();
        registry.Add("a"u8);
        registry.Dispose();
        Assert.False(registry.TryGet("image-1", out _));
        Assert.Empty(registry.List());
        Assert.Throws<ObjectDisposedException>(() => registry.Add("a"u8));
    }

    [Fact]
    public async Task Registries_ThousandConversationsTwoThreadsEach_NeverLeak()
    {
        const int Conversations = 1000;
        const int Images = 12; // by each thread; 24 in all, bounded to 16
        const int Size = 2000;
        using ImageSource source = new(new ImageSourceOptions());
        await RunAsync(8); // what is loaded once is loaded here
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await RunAsync(Conversations);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(after - before, long.MinValue, 4_000_000); // the images alone had 32 MB

        async Task RunAsync(int conversations)
        {
            ImageStoreOptions options = new() { MaxImages = 16 };
            ImageRegistry[] registries = [.. Enumerable.Range(0, conversations).Select(_ => new ImageRegistry(options))];
            ConcurrentQueue<string> faults = new();
            await Task.WhenAll(Enumerable.Range(0, 2 * conversations)
                .Select(i => Task.Run(() => TalkAsync(registries[i / 2], i / 2, i % 2, faults), Token)));
            Assert.Empty(faults);
            foreach (ImageRegistry registry in registries)
            {
                Assert.Equal(16, registry.List().Count);
                registry.Dispose();
            }
        }

        async Task TalkAsync(ImageRegistry registry, int conversation, int thread, ConcurrentQueue<string> faults)
        {
            ImageSourceScope scope = new() { Handles = registry };
            for (int image = 0; image < Images; image++)
            {
                string content = $"conversation {conversation} thread {thread} image {image} ".PadRight(Size, '.');
                string handle = registry.Add(Encoding.ASCII.GetBytes(content)).Handle;
                await Task.Yield();
                for (int number = 1; number <= 2 * Images; number++)
                {
                    string asked = FormattableString.Invariant($"image-{number}");
                    try
                    {
                        string found = Encoding.ASCII.GetString((await source.ResolveAsync(asked, scope, Token)).Data.Span);
                        bool isOwn = found.StartsWith($"conversation {conversation} ", StringComparison.Ordinal);
                        if (!isOwn || (asked == handle && found != content))
                            faults.Enqueue($"{asked} of conversation {conversation} is {found.TrimEnd('.')}");
                    }
                    catch (BlipException e) when (e.Code == ImageSourceErrorCode.ImageNotFound)
                    {
                        number += 4; // not there yet, or dropped; exceptions are slow
                    }
                }
            }
        }
    }
}
