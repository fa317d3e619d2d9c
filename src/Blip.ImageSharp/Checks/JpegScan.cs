using System.Numerics;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>Reads the codes of a scan (ITU T.81, annexes F and G), without their values, and so finds out whether all are there.</summary>
internal ref struct JpegScan(ReadOnlySpan<byte> data, int start)
{
    private JpegBits _bits = new(data, start);
    // How many blocks that follow have no codes of their own.
    private int _skip;

    public required (JpegComponent Component, JpegHuffmanTable? Dc, JpegHuffmanTable? Ac)[] Channels { get; init; }

    /// <summary>The MCUs of a scan with several channels.</summary>
    public required int Mcus { get; init; }

    /// <summary>The MCUs between two restart markers; 0 without markers.</summary>
    public required int RestartInterval { get; init; }

    public required bool IsProgressive { get; init; }

    public required int First { get; init; }

    public required int Last { get; init; }

    public required bool IsRefining { get; init; }

    public required int LowestBit { get; init; }

    /// <summary>Reads the scan. Returns the index after its last byte.</summary>
    /// <exception cref="BlipException">A code is missing or wrong (<see cref="BlipErrorCode.ImageCorrupt"/>).</exception>
    public int ReadToEnd(CancellationToken cancellationToken)
    {
        bool isInterleaved = Channels.Length > 1;
        int count = isInterleaved ? Mcus : Channels[0].Component.Blocks;
        for (int mcu = 0, restarts = 0; mcu < count; mcu++)
        {
            if ((mcu & 0xFFF) == 0)
                cancellationToken.ThrowIfCancellationRequested();
            if (RestartInterval > 0 && mcu > 0 && mcu % RestartInterval == 0)
            {
                _bits.Restart(restarts++);
                _skip = 0;
            }
            foreach ((JpegComponent component, JpegHuffmanTable? dc, JpegHuffmanTable? ac) in Channels)
                for (int blocks = isInterleaved ? component.Horizontal * component.Vertical : 1; blocks > 0; blocks--)
                    ReadBlock(component, mcu, dc, ac);
        }
        return _bits.End();
    }

    private void ReadBlock(JpegComponent component, int block, JpegHuffmanTable? dc, JpegHuffmanTable? ac)
    {
        if (!IsProgressive)
        {
            _bits.Read(_bits.Symbol(dc!));
            ReadCoefficients(1, 63, ac!, ref _skip);
            // A block of a baseline scan ends alone.
            _skip = 0;
        }
        else if (First == 0)
            _bits.Read(IsRefining ? 1 : _bits.Symbol(dc!));
        else if (IsRefining)
            Refine(ac!, ref component.NonZero[block]);
        else if (_skip > 0)
            _skip--;
        else
            component.NonZero[block] |= ReadCoefficients(First, Last, ac!, ref _skip);
    }

    /// <summary>Returns which coefficients are not 0.</summary>
    private ulong ReadCoefficients(int first, int last, JpegHuffmanTable table, ref int skip)
    {
        ulong nonZero = 0;
        for (int k = first; k <= last; k++)
        {
            int symbol = _bits.Symbol(table), zeros = symbol >> 4, length = symbol & 15;
            if (length == 0 && zeros < 15)
            {
                if (IsProgressive)
                    skip = (1 << zeros) + _bits.Read(zeros) - 1;
                break;
            }
            k += zeros;
            if (length == 0)
                continue;
            // A value of more than 15 bits would become another one.
            if (k > last || length + LowestBit > 15)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a code is wrong");
            _bits.Read(length);
            nonZero |= 1UL << k;
        }
        return nonZero;
    }

    private void Refine(JpegHuffmanTable table, ref ulong nonZero)
    {
        int k = First;
        while (_skip == 0 && k <= Last)
        {
            int symbol = _bits.Symbol(table), zeros = symbol >> 4, length = symbol & 15;
            if (length == 0 && zeros < 15)
            {
                _skip = (1 << zeros) + _bits.Read(zeros);
                break;
            }
            if (length > 1)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a code is wrong");
            _bits.Read(length);
            // Over the zeros that the code counts, up to the one that it sets; each other coefficient on the way has a bit.
            for (; k <= Last; k++)
            {
                if ((nonZero & (1UL << k)) != 0)
                    _bits.Read(1);
                else if (--zeros < 0)
                    break;
            }
            if (length == 1)
            {
                if (k > Last)
                    throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a code is wrong");
                nonZero |= 1UL << k;
            }
            k++;
        }
        if (_skip == 0)
            return;
        _skip--;
        ulong rest = nonZero & (ulong.MaxValue << k) & (ulong.MaxValue >> (63 - Last));
        for (int count = k > Last ? 0 : BitOperations.PopCount(rest); count > 0; count--)
            _bits.Read(1);
    }
}
