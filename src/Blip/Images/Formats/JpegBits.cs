using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Blip.Images;

/// <summary>Reads the bits of one stretch of a JPEG's coded data, up to the next marker (ITU T.81, F.2.2.5).</summary>
internal ref struct JpegBits(ReadOnlySpan<byte> data, int at)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private ulong _bits;
    private int _count;

    /// <summary>The position of the next byte that is not read yet. It is never behind a marker.</summary>
    public int At { get; private set; } = at;

    /// <summary>More bits were taken than there are before the marker.</summary>
    public readonly bool IsExhausted => _count < 0;

    /// <summary>The next 16 bits. Bits that are missing are zero.</summary>
    public uint Next16()
    {
        // A code has up to 16 bits, and up to 15 bits of a value follow it.
        if (_count < 32)
            Fill();
        return (uint)(_bits >> 48);
    }

    public void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    /// <summary>Takes up to 16 bits.</summary>
    public uint Take(int count)
    {
        uint bits = Next16() >> (16 - count);
        Skip(count);
        return bits;
    }

    /// <summary>Skips any number of bits.</summary>
    public void SkipMany(int count)
    {
        for (; count > 0; count -= 32)
        {
            if (_count < 32)
                Fill();
            Skip(Math.Min(32, count));
        }
    }

    /// <summary>Skips blocks of a sequential image.</summary>
    public void SkipBlocks(int blocks, JpegCode first, JpegCode others)
    {
        // In variables of their own, because a field is written and read again with every change.
        (ulong bits, int count) = (_bits, _count);
        ref ushort skips = ref others.Skips;
        for (; blocks > 0; blocks--)
        {
            if (count < 32)
                Refill(ref bits, ref count);
            int skip = first.FirstSkip((uint)(bits >> 48)), coefficients = 1;
            bits <<= skip;
            count -= skip;
            do
            {
                if (count < 32)
                    Refill(ref bits, ref count);
                skip = Unsafe.Add(ref skips, (int)(bits >> (64 - JpegCode.ShortBits)));
                // Codes that the table joins may belong to the next block.
                if (skip == 0 || !JpegCode.IsInBlock(coefficients + (skip >> 8)))
                    skip = others.Skip((uint)(bits >> 48));
                bits <<= skip & 0x3F;
                count -= skip & 0x3F;
                coefficients += skip >> 8;
            }
            while (coefficients < 64);
            if (!JpegCode.IsInBlock(coefficients))
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its coded data is broken");
        }
        (_bits, _count) = (bits, count);
    }

    /// <summary>Leaves the bits of the current byte. Returns the position after it.</summary>
    public readonly int End()
    {
        // Whole bytes were read ahead. A stuffed byte is two bytes of the file.
        int at = At;
        for (int left = _count; left >= 8; left -= 8)
            at -= _data[at - 1] == 0 && _data[at - 2] == 0xFF ? 2 : 1;
        return at;
    }

    // Inlined, so that the two stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Refill(ref ulong bits, ref int count)
    {
        if (TryFill(ref bits, ref count))
            return;
        (_bits, _count) = (bits, count);
        FillBytes();
        (bits, count) = (_bits, _count);
    }

    private void Fill()
    {
        if (!TryFill(ref _bits, ref _count))
            FillBytes();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFill(ref ulong bits, ref int count)
    {
        if (count < 0 || _data.Length - At < 8)
            return false;
        ulong eight = BinaryPrimitives.ReadUInt64BigEndian(_data[At..]);
        if (HasMarker(eight))
            return false;
        bits |= eight >> count;
        At += (63 - count) >> 3;
        count |= 56;
        return true;
    }

    private void FillBytes()
    {
        while (_count is >= 0 and <= 56 && At < _data.Length)
        {
            int next = At;
            byte value = _data[next++];
            if (value == 0xFF)
            {
                while (next < _data.Length && _data[next] == 0xFF)
                    next++;
                if (next >= _data.Length || _data[next++] != 0)
                    return;
            }
            _bits |= (ulong)value << (56 - _count);
            _count += 8;
            At = next;
        }
    }

    // Whether a byte of the eight is 0xFF: its complement is zero.
    private static bool HasMarker(ulong eight) => ((~eight - 0x0101010101010101) & eight & 0x8080808080808080) != 0;
}
