using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Blip.Caching;

/// <summary>Names an image by what the model sees of it: 128 bits of the SHA-256 of the resized pixels.</summary>
internal readonly record struct PixelKey(ulong High, ulong Low)
{
    public static PixelKey Of(ReadOnlySpan<byte> pixels)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(pixels, hash);
        return new PixelKey(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }
}
