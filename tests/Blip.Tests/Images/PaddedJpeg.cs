using System.Buffers.Binary;

namespace Blip.Tests.Images;

/// <summary>A JPEG that is as large as wanted, and shows what it showed: comments stand before its pixels.</summary>
internal static class PaddedJpeg
{
    private const int LargestSegment = 65_535;

    /// <param name="jpeg">The image.</param>
    /// <param name="size">The size wanted, in bytes; the result is smaller by less than ten.</param>
    /// <param name="seed">What the comments hold.</param>
    public static byte[] Create(byte[] jpeg, int size, int seed = 0)
    {
        byte[] padded = new byte[size];
        new Random(seed).NextBytes(padded);
        jpeg.AsSpan(0, 2).CopyTo(padded);
        int at = 2;
        for (int left = size - jpeg.Length; left >= 10;)
        {
            // The marker is not counted in a segment's length.
            int length = Math.Min(left - 2, LargestSegment);
            padded[at] = 0xFF;
            padded[at + 1] = 0xFE;
            BinaryPrimitives.WriteUInt16BigEndian(padded.AsSpan(at + 2), (ushort)length);
            at += length + 2;
            left -= length + 2;
        }
        jpeg.AsSpan(2).CopyTo(padded.AsSpan(at));
        return padded[..(at + jpeg.Length - 2)];
    }
}
