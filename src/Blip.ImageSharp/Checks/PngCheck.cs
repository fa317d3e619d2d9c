using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>
/// Accepts PNG files that are not interlaced and have at most 8 bits a sample. All rows are inflated and counted first. ImageSharp gets a
/// new file: the header, the palette with a colour for every index, its alpha, and all data in one chunk.
/// </summary>
internal static class PngCheck
{
    private const uint Ihdr = 0x49484452, Plte = 0x504C5445, Trns = 0x74524E53, Idat = 0x49444154, Iend = 0x49454E44;
    private const int Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, RgbAlpha = 6;

    public static MemoryStream Plain(ReadOnlySpan<byte> data, ImageHeader size, CancellationToken cancellationToken)
    {
        int at = PngFile.Start(data);
        if (!PngFile.TryChunk(data, ref at, out _, out ReadOnlySpan<byte> header))
            throw ImageErrors.Truncated(ImageFormat.Png);
        (int depth, int colour) = (header[8], header[9]);
        if (header[10] != 0 || header[11] != 0 || header[12] > 1)
            throw ImageErrors.Corrupt(ImageFormat.Png, "its header states a method that no PNG has");
        bool isInterlaced = header[12] == 1;

        ReadOnlySpan<byte> palette = default, alpha = default, body;
        uint type;
        while ((type = Next(data, ref at, out body)) != Idat)
        {
            if (type == Plte && palette.IsEmpty && body.Length is > 0 and <= 768 && body.Length % 3 == 0)
                palette = body;
            else if (type == Trns)
                alpha = body;
            else
                CheckOmitted(type);
        }
        if (colour == Palette && palette.IsEmpty)
            throw ImageErrors.Corrupt(ImageFormat.Png, "its palette is missing");
        // As libpng: transparency that does not fit is left out.
        int colours = palette.Length / 3;
        if (colour is GreyAlpha or RgbAlpha || (colour == Rgb && alpha.Length != 6) || (colour == Palette && alpha.Length > colours))
            alpha = default;

        MemoryStream plain = new(data.Length + 2048);
        plain.Write(data[..8]);
        Write(plain, "IHDR"u8, header);
        if (colour == Palette)
            Write(plain, "PLTE"u8, Fill(palette, 3 << depth, palette[^3..]));
        if (!alpha.IsEmpty)
            Write(plain, "tRNS"u8, colour == Palette ? Fill(alpha, 1 << depth, [alpha.Length < colours ? (byte)255 : alpha[^1]]) : alpha);
        int start = (int)plain.Length;
        Write(plain, "IDAT"u8, body);
        plain.SetLength(plain.Length - 4);
        plain.Position = plain.Length;
        while ((type = Next(data, ref at, out body)) == Idat)
            plain.Write(body);
        for (; type != Iend; type = Next(data, ref at, out _))
            if (type != Idat)
                CheckOmitted(type);
        Finish(plain, start);
        CountRows(new MemoryStream(plain.GetBuffer(), start + 8, (int)plain.Length - start - 12), Passes(size, isInterlaced),
            depth * Samples(colour), cancellationToken);

        if (isInterlaced)
            throw Refusal.Of("An interlaced PNG");
        if (depth == 16)
            throw Refusal.Of("A PNG with 16 bits a sample");
        if (colour == Grey && !alpha.IsEmpty)
            throw Refusal.Of("A grey PNG with a transparent grey");
        Write(plain, "IEND"u8, default);
        plain.Position = 0;
        return plain;
    }

    private static uint Next(ReadOnlySpan<byte> data, scoped ref int at, out ReadOnlySpan<byte> body)
        => PngFile.TryChunk(data, ref at, out uint type, out body) ? type : throw ImageErrors.Truncated(ImageFormat.Png);

    private static void CheckOmitted(uint type)
    {
        bool isName = true;
        for (int shift = 0; shift < 32; shift += 8)
            isName &= char.IsAsciiLetter((char)((type >> shift) & 0xFF));
        if (!isName || type is Ihdr or Plte or Iend)
            throw ImageErrors.Corrupt(ImageFormat.Png, "a chunk is broken, or in the wrong place");
        // A chunk whose name starts with a capital letter cannot be left out.
        if ((type >> 24) is >= 'A' and <= 'Z')
            throw Refusal.Of("A PNG with private chunks");
    }

    private static int Samples(int colour) => colour switch
    {
        Rgb => 3,
        GreyAlpha => 2,
        RgbAlpha => 4,
        _ => 1,
    };

    private static IEnumerable<(long Width, int Height)> Passes(ImageHeader size, bool isInterlaced)
    {
        if (!isInterlaced)
            return [(size.Width, size.Height)];
        (int X, int Y, int StepX, int StepY)[] adam7 =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        return adam7.Select(p => ((size.Width - p.X + p.StepX - 1L) / p.StepX, (size.Height - p.Y + p.StepY - 1) / p.StepY))
            .Where(pass => pass.Item1 > 0);
    }

    private static void CountRows(
        MemoryStream pixels, IEnumerable<(long Width, int Height)> passes, int bits, CancellationToken cancellationToken)
    {
        try
        {
            using ZLibStream inflated = new(pixels, CompressionMode.Decompress);
            foreach ((long width, int height) in passes)
            {
                byte[] row = new byte[1 + (((width * bits) + 7) / 8)];
                for (int y = 0; y < height; y++)
                {
                    if ((y & 63) == 0)
                        cancellationToken.ThrowIfCancellationRequested();
                    if (inflated.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length)
                        throw ImageErrors.Corrupt(ImageFormat.Png, "the end of its pixels is missing");
                    if (row[0] > 4)
                        throw ImageErrors.Corrupt(ImageFormat.Png, "a row has a filter that no PNG has");
                }
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException)
        {
            throw ImageErrors.Corrupt(ImageFormat.Png, "its pixels cannot be decompressed");
        }
    }

    private static byte[] Fill(ReadOnlySpan<byte> values, int length, ReadOnlySpan<byte> last)
    {
        byte[] filled = new byte[length];
        values[..Math.Min(values.Length, length)].CopyTo(filled);
        for (int at = values.Length; at < length; at += last.Length)
            last.CopyTo(filled.AsSpan(at));
        return filled;
    }

    private static void Write(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        int start = (int)file.Length;
        file.Write([0, 0, 0, 0, .. type]);
        file.Write(body);
        Finish(file, start);
    }

    // The length and the checksum of the last chunk.
    private static void Finish(MemoryStream file, int start)
    {
        Span<byte> chunk = file.GetBuffer().AsSpan(start, (int)file.Length - start);
        BinaryPrimitives.WriteInt32BigEndian(chunk, chunk.Length - 8);
        Span<byte> checksum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc32.HashToUInt32(chunk[4..]));
        file.Write(checksum);
    }
}
