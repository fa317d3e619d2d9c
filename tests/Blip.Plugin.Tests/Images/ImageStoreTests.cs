using System.Security.Cryptography;
using Blip.AI.Images;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public class ImageStoreTests
{
    [Fact]
    public void Add_Image_IsNamedByItsHash()
    {
        ManualTime time = new();
        using ImageStore store = new(new ImageStoreOptions { Lifetime = TimeSpan.FromMinutes(5) }, time);
        (StoredImage image, bool existed) = store.Add("image"u8);
        Assert.Equal("sha256-" + Convert.ToHexStringLower(SHA256.HashData("image"u8)), image.Handle);
        Assert.False(existed);

        time.Now += TimeSpan.FromMinutes(2);
        (StoredImage again, existed) = store.Add("image"u8);
        Assert.True(existed);
        Assert.Equal((image.Handle, image.AddedAt, time.Now.AddMinutes(5)), (again.Handle, again.AddedAt, again.ExpiresAt));

        time.Now += TimeSpan.FromMinutes(5);
        Assert.False(store.TryGet(image.Handle, out _));
        Assert.False(store.Add("image"u8).Existed);
    }

    [Fact]
    public void Add_InParallel_StaysWithinItsBounds()
    {
        using ImageStore store = new(new ImageStoreOptions { MaxImages = 50, MaxBytes = 10_000 });
        int kept = 0;
        Parallel.For(0, 20_000, i =>
        {
            byte[] bytes = new byte[200 + (i % 200)];
            BitConverter.TryWriteBytes(bytes, i % 500);
            string handle = store.Add(bytes).Image.Handle;
            if (store.TryGet(handle, out ReadOnlyMemory<byte> found))
            {
                Interlocked.Increment(ref kept);
                Assert.Equal(bytes, found);
            }
        });
        Assert.True(kept > 10_000, $"{kept} found");
        Assert.InRange(Kept(store), 1, 50);
    }

    private static int Kept(ImageStore store)
    {
        int count = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[200 + (i % 200)];
            BitConverter.TryWriteBytes(bytes, i % 500);
            count += store.TryGet("sha256-" + Convert.ToHexStringLower(SHA256.HashData(bytes)), out _) && i < 1000 ? 1 : 0;
        }
        return count;
    }
}
