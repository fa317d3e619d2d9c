using System.Buffers.Binary;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>
/// Accepts BMP files of Windows that have 24 bits a pixel, or 1, 4 or 8 with a palette, and no compression. ImageSharp gets a new file: a
/// header of 40 bytes, a palette with a colour for every index, and the rows.
/// </summary>
internal static class BmpCheck
{
    private const int FileHeader = 14, Core = 12, Info = 40, V4 = 108, V5 = 124;

    public static MemoryStream Plain(ReadOnlySpan<byte> data)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(data[FileHeader..]) is not (Core or Info or V4 or V5))
            throw Refusal.Of("A BMP of OS/2 or with a rare header");
        BmpLayout layout = BmpFile.Read(data);
        if (layout.Compression != 0)
            throw Refusal.Of("A BMP with compression or bit fields");
        if (layout.Bits is not (1 or 4 or 8 or 24))
            throw Refusal.Of(FormattableString.Invariant($"A BMP with {layout.Bits} bits a pixel"));
        if (layout.End > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        int colours = layout.Bits == 24 ? 0 : 1 << layout.Bits;
        if (layout.Palette + (layout.Entry * layout.Colours) > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);

        long rows = layout.Stride * layout.Height;
        byte[] plain = new byte[FileHeader + Info + (4 * colours) + rows];
        "BM"u8.CopyTo(plain);
        Put(plain, 2, plain.Length);
        Put(plain, 10, FileHeader + Info + (4 * colours));
        Put(plain, 14, Info);
        Put(plain, 18, layout.Width);
        // Rows from top to bottom have a negative height.
        Put(plain, 22, layout.IsTopDown ? -layout.Height : layout.Height);
        Put(plain, 26, 1 | (layout.Bits << 16));
        for (int i = 0; i < layout.Colours; i++)
            data.Slice(layout.Palette + (layout.Entry * i), 3).CopyTo(plain.AsSpan(FileHeader + Info + (4 * i)));
        // The bytes that fill the last row may be missing.
        ReadOnlySpan<byte> given = data[(int)layout.Offset..(int)Math.Min(layout.Offset + rows, data.Length)];
        given.CopyTo(plain.AsSpan(FileHeader + Info + (4 * colours)));
        return new MemoryStream(plain);
    }

    private static void Put(byte[] file, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
}
