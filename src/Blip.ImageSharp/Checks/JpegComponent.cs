using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>A colour channel of a JPEG file.</summary>
internal sealed class JpegComponent
{
    private const byte Unseen = 16;

    // For each coefficient: the lowest bit that was read.
    private readonly byte[] _lowestBits = [.. Enumerable.Repeat(Unseen, 64)];

    public required byte Id { get; init; }

    /// <summary>The blocks of an MCU, horizontally.</summary>
    public required int Horizontal { get; init; }

    /// <summary>The blocks of an MCU, vertically.</summary>
    public required int Vertical { get; init; }

    public required byte Quantization { get; init; }

    public bool IsSeen => _lowestBits[0] < Unseen;

    /// <summary>Checks that a scan follows on those before, and notes it (ITU T.81, annex G.1.1.1).</summary>
    /// <param name="first">The first coefficient.</param>
    /// <param name="last">The last coefficient.</param>
    /// <param name="high">The lowest bit that scans before have read, or 0 for the first scan.</param>
    /// <param name="low">The lowest bit that the scan reads.</param>
    /// <param name="channels">The channels of the scan.</param>
    /// <param name="isProgressive">Whether the image is progressive.</param>
    public void Advance(int first, int last, int high, int low, int channels, bool isProgressive)
    {
        bool fits = !isProgressive
            || ((first == 0 ? last == 0 : IsSeen && channels == 1 && first <= last && last < 64)
                && (high == 0 || high == low + 1) && low <= 13
                && !_lowestBits.AsSpan(first..(last + 1)).ContainsAnyExcept((byte)(high == 0 ? Unseen : high)));
        if (!fits)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its scans do not fit together");
        _lowestBits.AsSpan(first..(last + 1)).Fill((byte)low);
    }
}
