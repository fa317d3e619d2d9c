namespace Blip.Images;

/// <summary>Where the colours and the rows of a bitmap are, and what its numbers mean.</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="Bits">The bits of a pixel: 1, 2, 4, 8 (indices of the palette), 16, 24 or 32.</param>
internal readonly record struct BmpLayout(int Width, int Height, int Bits)
{
    public const int Rle8 = 1, Rle4 = 2, BitFields = 3, AlphaBitFields = 6;

    /// <summary>Whether the first row that is stored is the top one.</summary>
    public bool IsTopDown { get; init; }

    public int Compression { get; init; }

    /// <summary>The place of the first row.</summary>
    public long Offset { get; private init; }

    /// <summary>The place of the palette, or of what follows the masks.</summary>
    public int Palette { get; init; }

    /// <summary>The bytes of a colour of the palette: 3 or 4.</summary>
    public int Entry { get; init; }

    /// <summary>The number of colours that the palette has, at most one for each index.</summary>
    public int Colours { get; private init; }

    // Where the file states no masks: five bits for each colour, or eight.
    public uint Red { get; init; } = Bits == 16 ? 0x7C00u : 0xFF0000;

    public uint Green { get; init; } = Bits == 16 ? 0x3E0u : 0xFF00;

    public uint Blue { get; init; } = Bits == 16 ? 0x1Fu : 0xFF;

    /// <summary>The bits of alpha; 0: there is none.</summary>
    public uint Alpha { get; init; }

    /// <summary>Whether a pixel is a byte of blue, one of green, one of red, and perhaps one that is not used.</summary>
    public bool HasPlainBytes => Bits >= 24 && Alpha == 0 && (Red, Green, Blue) == (0xFF0000, 0xFF00, 0xFF);

    public bool IsRunLength => Compression is Rle8 or Rle4;

    /// <summary>The bytes of a row that hold pixels, where they are not compressed.</summary>
    public long RowBytes => (((long)Width * Bits) + 7) / 8;

    /// <summary>The place after the last row, where rows are not compressed. The bytes that fill it up may be missing.</summary>
    public long End => Offset + (Stride * (Height - 1)) + RowBytes;

    /// <summary>The bytes from a row to the next one, where they are not compressed.</summary>
    public long Stride => (((long)Width * Bits) + 31) / 32 * 4;

    /// <summary>The layout with the place of the rows and the number of colours that the file states.</summary>
    /// <param name="offset">The place of the rows; 0: after the palette.</param>
    /// <param name="colours">The number of colours; 0: one for each index.</param>
    public BmpLayout At(uint offset, uint colours)
    {
        bool hasPalette = Bits <= 8;
        long stated = !hasPalette ? 0 : colours == 0 ? 1 << Bits : colours;
        // Some writers leave the palette out of their count.
        long rows = offset == 0 || (hasPalette && offset == Palette) ? Palette + (Entry * stated) : offset;
        if (rows < Palette)
            throw ImageErrors.Corrupt(ImageFormat.Bmp, "its rows begin inside its header");
        // A palette may also end where the rows begin.
        return this with { Offset = rows, Colours = (int)Math.Min(Math.Min(stated, 1 << Math.Min(Bits, 8)), (rows - Palette) / Entry) };
    }
}
