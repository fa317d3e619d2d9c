using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Blip.Tests.Images;

/// <summary>Builds image files that common encoders do not write.</summary>
internal static class ImageBuilder
{
    /// <summary>A TIFF structure with two tags: the second is the orientation.</summary>
    public static byte[] Exif(int orientation, bool little, ushort type = 3)
    {
        byte[] exif = new byte[8 + 2 + 24 + 4];
        (little ? "II*\0"u8 : "MM\0*"u8).CopyTo(exif);
        U32(exif.AsSpan(4), 8, little);
        U16(exif.AsSpan(8), 2, little);
        Entry(exif.AsSpan(10), 0x010F, 2, 0, little);
        Entry(exif.AsSpan(22), 0x0112, type, orientation, little);
        return exif;
    }

    /// <summary>A JPEG file with an APP1 segment after its start marker.</summary>
    public static byte[] JpegWith(byte[] jpeg, byte[] app1) =>
        [.. jpeg[..2], 0xFF, 0xE1, (byte)((app1.Length + 2) >> 8), (byte)(app1.Length + 2), .. app1, .. jpeg[2..]];

    /// <summary>A PNG file from its rows, each with its filter before it.</summary>
    public static byte[] Png(int width, int height, int depth, int colour, byte[] rows, byte[] palette, byte[] alpha)
    {
        byte[] header = [.. new byte[8], (byte)depth, (byte)colour, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        using MemoryStream deflated = new();
        using (ZLibStream stream = new(deflated, CompressionLevel.Fastest, leaveOpen: true))
            stream.Write(rows);
        return
        [
            0x89, .. "PNG\r\n\u001A\n"u8, .. PngChunk("IHDR", header), .. PngChunk("PLTE", palette), .. PngChunk("tRNS", alpha),
            .. PngChunk("IDAT", deflated.ToArray()), .. PngChunk("IEND", []),
        ];
    }

    /// <summary>A PNG file with one more chunk after its header (33 bytes).</summary>
    public static byte[] PngWith(byte[] png, string type, byte[] body) => [.. png[..33], .. PngChunk(type, body), .. png[33..]];

    public static byte[] PngChunk(string type, byte[] body)
    {
        byte[] chunk = new byte[12 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        body.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + body.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + body.Length)));
        return chunk;
    }

    /// <summary>Corrects the checksums of all whole chunks.</summary>
    public static void RepairPng(Span<byte> png)
    {
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12)
                return;
            BinaryPrimitives.WriteUInt32BigEndian(png[(at + 8 + (int)length)..], Crc32.HashToUInt32(png.Slice(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }
    }

    /// <summary>A WebP file in the extended form with one more chunk.</summary>
    public static byte[] WebPWith(byte[] webp, int width, int height, string type, byte[] body)
    {
        bool isExtended = webp.AsSpan(12).StartsWith("VP8X"u8);
        byte[] extended = [(byte)(0x08 | (isExtended ? webp[20] : 0)), 0, 0, 0, .. U24(width - 1), .. U24(height - 1)];
        byte[] file = [.. "RIFF0000WEBP"u8, .. WebPChunk("VP8X", extended), .. webp[(isExtended ? 30 : 12)..], .. WebPChunk(type, body)];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    /// <summary>A bitmap with the given second header (including its size), the bytes between header and rows, and the rows.</summary>
    public static byte[] Bmp(byte[] header, byte[] between, byte[] rows)
    {
        byte[] file = [.. "BM"u8, .. new byte[12], .. header, .. between, .. rows];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 14 + header.Length + between.Length);
        return file;
    }

    /// <summary>The header of Windows 3 with 40 bytes, or the header of version 4 with 108 bytes if masks are given.</summary>
    public static byte[] BmpHeader(int width, int height, short bits, int compression, params uint[] more)
    {
        byte[] header = new byte[40 + (more.Length == 0 ? 0 : 68)];
        Span<byte> at = header;
        BinaryPrimitives.WriteInt32LittleEndian(at, header.Length);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], width);
        BinaryPrimitives.WriteInt32LittleEndian(at[8..], height);
        BinaryPrimitives.WriteInt16LittleEndian(at[12..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(at[14..], bits);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], compression);
        for (int i = 0; i < more.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(at[(40 + (i * 4))..], more[i]);
        return header;
    }

    internal static byte[] WebPChunk(string type, byte[] body)
    {
        byte[] chunk = new byte[8 + body.Length + (body.Length & 1)];
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 0);
        BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), body.Length);
        body.CopyTo(chunk, 8);
        return chunk;
    }

    internal static byte[] U24(int value) => [(byte)value, (byte)(value >> 8), (byte)(value >> 16)];

    private static void Entry(Span<byte> entry, ushort tag, ushort type, int value, bool little)
    {
        U16(entry, tag, little);
        U16(entry[2..], type, little);
        U32(entry[4..], 1, little);
        if (type == 3)
            U16(entry[8..], (ushort)value, little);
        else
            U32(entry[8..], (uint)value, little);
    }

    private static void U16(Span<byte> at, ushort value, bool little)
        => BinaryPrimitives.WriteUInt16BigEndian(at, little ? BinaryPrimitives.ReverseEndianness(value) : value);

    private static void U32(Span<byte> at, uint value, bool little)
        => BinaryPrimitives.WriteUInt32BigEndian(at, little ? BinaryPrimitives.ReverseEndianness(value) : value);
}
