using System.Buffers.Binary;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>
/// Lets BMP files of Windows pass that have 24 bits a pixel, or 1, 4 or 8 with a palette, and no compression. What ImageSharp gets is made
/// anew: a header of 40 bytes, a palette with a colour for every index, and the rows.
/// </summary>
internal static class BmpCheck
{
    private const int FileHeader = 14, Core = 12, Info = 40, V4 = 108, V5 = 124;

    public static MemoryStream Plain(ReadOnlySpan<byte> data, ImageHeader size)
    {
        int header = I32(data, FileHeader);
        bool core = header == Core;
        if (header is not (Core or Info or V4 or V5))
            throw Refusal.Of("A BMP of OS/2 or with a rare header");
        int bits = U16(data, core ? 24 : 28);
        if (!core && I32(data, 30) != 0)
            throw Refusal.Of("A BMP with compression or bit fields");
        if (bits is not (1 or 4 or 8 or 24))
            throw Refusal.Of(FormattableString.Invariant($"A BMP with {bits} bits a pixel"));

        long offset = BinaryPrimitives.ReadUInt32LittleEndian(data[10..]);
        long rows = (((long)size.Width * bits) + 31) / 32 * 4 * size.Height;
        int entry = core ? 3 : 4, colours = bits == 24 ? 0 : 1 << bits;
        // Where the header has no room for the number of colours, the palette ends where the rows begin.
        long stated = core ? Math.Max(0, (offset - FileHeader - Core) / 3) : (uint)I32(data, 46);
        int given = !core && stated == 0 ? colours : (int)Math.Min(stated, colours);
        if (offset < FileHeader + header + (entry * given))
            throw ImageErrors.Corrupt(ImageFormat.Bmp, "its rows begin before its palette ends");
        if (offset + rows > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);

        byte[] plain = new byte[FileHeader + Info + (4 * colours) + rows];
        "BM"u8.CopyTo(plain);
        Put(plain, 2, plain.Length);
        Put(plain, 10, FileHeader + Info + (4 * colours));
        Put(plain, 14, Info);
        Put(plain, 18, size.Width);
        // Rows from top to bottom have a negative height.
        Put(plain, 22, !core && I32(data, 22) < 0 ? -size.Height : size.Height);
        Put(plain, 26, 1 | (bits << 16));
        for (int i = 0; i < given; i++)
            data.Slice(FileHeader + header + (entry * i), 3).CopyTo(plain.AsSpan(FileHeader + Info + (4 * i)));
        data.Slice((int)offset, (int)rows).CopyTo(plain.AsSpan(FileHeader + Info + (4 * colours)));
        return new MemoryStream(plain);
    }

    private static int U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static int I32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32LittleEndian(data[at..]);

    private static void Put(byte[] file, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
}
