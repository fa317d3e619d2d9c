namespace Blip.Images;

/// <summary>What a GIF file says about its first frame.</summary>
internal readonly ref struct GifFrame
{
    private readonly ReadOnlySpan<byte> _palette;

    /// <param name="canvas">The size of the canvas, four bytes.</param>
    /// <param name="frame">Place, size and flags of the frame, nine bytes.</param>
    /// <param name="palette">The colours; empty: grey levels.</param>
    /// <param name="transparent">The index of the transparent colour, or -1.</param>
    /// <param name="codesAt">The place of the byte that states the size of the codes.</param>
    public GifFrame(
        ReadOnlySpan<byte> canvas, ReadOnlySpan<byte> frame, ReadOnlySpan<byte> palette, int transparent, int codesAt)
    {
        (Left, Top) = (GifFile.U16(frame), GifFile.U16(frame[2..]));
        (Width, Height) = (GifFile.U16(frame[4..]), GifFile.U16(frame[6..]));
        // If the first frame is larger than the canvas, the canvas gets larger.
        CanvasWidth = Math.Max(GifFile.U16(canvas), Left + Width);
        CanvasHeight = Math.Max(GifFile.U16(canvas[2..]), Top + Height);
        IsInterlaced = (frame[8] & 0x40) != 0;
        _palette = palette;
        (Transparent, CodesAt) = (transparent, codesAt);
    }

    public int Left { get; }

    public int Top { get; }

    public int Width { get; }

    public int Height { get; }

    public int CanvasWidth { get; }

    public int CanvasHeight { get; }

    public bool IsInterlaced { get; }

    public int Transparent { get; }

    public int CodesAt { get; }

    /// <summary>The colour of transparent pixels and around the frame where transparency is ignored, as RGBA bytes in memory.</summary>
    public uint Matte
    {
        get
        {
            Span<uint> colours = stackalloc uint[256];
            FillColours(colours);
            return colours[Math.Max(0, Transparent)];
        }
    }

    /// <summary>
    /// Gives each of the 256 indices its colour, as RGBA bytes in memory. An index without a colour is black. Where there is no palette,
    /// and where it begins as the grey levels do, all indices are grey levels.
    /// </summary>
    public void FillColours(Span<uint> colours)
    {
        bool isGrey = IsGrey();
        for (int i = 0; i < colours.Length; i++)
        {
            ReadOnlySpan<byte> colour = isGrey ? [(byte)i, (byte)i, (byte)i]
                : 3 * i < _palette.Length ? _palette.Slice(3 * i, 3)
                : [0, 0, 0];
            colours[i] = BitConverter.ToUInt32([.. colour, 255]);
        }
    }

    private bool IsGrey()
    {
        for (int i = 0; i < _palette.Length; i++)
            if (_palette[i] != i / 3)
                return false;
        return true;
    }
}
