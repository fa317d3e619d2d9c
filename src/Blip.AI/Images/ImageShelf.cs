using System.Security.Cryptography;

namespace Blip.AI.Images;

/// <summary>
/// Images by handle, bounded in number, bytes and time. The same bytes have the same handle, and the least recently used image is
/// dropped first. An image's time starts again with each use, so the order of use is also the order of expiry. Thread-safe.
/// </summary>
internal sealed class ImageShelf(int maxImages, int maxBytes, TimeSpan lifetime, TimeProvider time, Func<string, string> name) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Item>> _byHash = [];
    private readonly Dictionary<string, LinkedListNode<Item>> _byHandle = [];
    private readonly LinkedList<Item> _byUse = new();
    private long _bytes;
    private long _added;
    private bool _disposed;

    /// <param name="image">The encoded image; it is copied.</param>
    public AddedImage Add(ReadOnlySpan<byte> image)
    {
        if (image.Length == 0)
            throw new BlipException(BlipErrorCode.InvalidRequest, "The image has no bytes. Send it again.");
        if (image.Length > maxBytes)
            throw ImageSource.TooLarge(maxBytes);

        string hash = Convert.ToHexStringLower(SHA256.HashData(image));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            DateTimeOffset now = time.GetUtcNow();
            Trim(now, places: 0, bytes: 0);
            if (_byHash.TryGetValue(hash, out LinkedListNode<Item>? known))
                return new AddedImage(Use(known, now), true);

            Trim(now, places: 1, image.Length);
            StoredImage stored = new(name(hash), image.Length, MediaType(image), now, now + lifetime);
            LinkedListNode<Item> node = _byUse.AddFirst(new Item(hash, _added++, image.ToArray()) { Image = stored });
            _byHash.Add(hash, node);
            _byHandle.Add(stored.Handle, node);
            _bytes += image.Length;
            return new AddedImage(stored, false);
        }
    }

    public bool TryGet(string handle, out ReadOnlyMemory<byte> image)
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            Trim(now, places: 0, bytes: 0);
            if (_byHandle.TryGetValue(handle, out LinkedListNode<Item>? node))
            {
                Use(node, now);
                image = node.Value.Data;
                return true;
            }
        }
        image = default;
        return false;
    }

    /// <summary>The images, the oldest first.</summary>
    public IReadOnlyList<StoredImage> List()
    {
        lock (_lock)
        {
            Trim(time.GetUtcNow(), places: 0, bytes: 0);
            return [.. _byUse.OrderBy(item => item.Order).Select(item => item.Image)];
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _byHash.Clear();
            _byHandle.Clear();
            _byUse.Clear();
            _bytes = 0;
        }
    }

    /// <summary>Drops the images that have expired, and then as many as must go to make room for further places and bytes.</summary>
    private void Trim(DateTimeOffset now, int places, int bytes)
    {
        while (_byUse.Last is LinkedListNode<Item> last
            && (last.Value.Image.ExpiresAt <= now || _byUse.Count + places > maxImages || _bytes + bytes > maxBytes))
        {
            _byUse.Remove(last);
            _byHash.Remove(last.Value.Hash);
            _byHandle.Remove(last.Value.Image.Handle);
            _bytes -= last.Value.Image.Bytes;
        }
    }

    private StoredImage Use(LinkedListNode<Item> node, DateTimeOffset now)
    {
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return node.Value.Image = node.Value.Image with { ExpiresAt = now + lifetime };
    }

    /// <summary>The media type by the first bytes.</summary>
    public static string MediaType(ReadOnlySpan<byte> image) => image switch
    {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "image/gif",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "image/webp",
        [(byte)'B', (byte)'M', ..] => "image/bmp",
        _ => "application/octet-stream",
    };

    private sealed class Item(string hash, long order, byte[] data)
    {
        public string Hash { get; } = hash;

        public long Order { get; } = order;

        public byte[] Data { get; } = data;

        public required StoredImage Image { get; set; }
    }
}
