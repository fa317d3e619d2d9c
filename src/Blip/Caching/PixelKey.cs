using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Blip.Caching;

/// <summary>Identifies an image by what the model sees of it: 128 bits of the SHA-256 of the resized pixels.</summary>
internal readonly record struct PixelKey(ulong High, ulong Low)
{
    /// <summary>The name of frames that are one image, by the names of each.</summary>
    public static PixelKey Of(IReadOnlyList<PixelKey> frames)
    {
        byte[] names = new byte[frames.Count * 16];
        for (int i = 0; i < frames.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(names.AsSpan(16 * i), frames[i].High);
            BinaryPrimitives.WriteUInt64BigEndian(names.AsSpan((16 * i) + 8), frames[i].Low);
        }
        return Of(names);
    }

    public static PixelKey Of(ReadOnlySpan<byte> pixels)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(pixels, hash);
        return new PixelKey(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }
}
