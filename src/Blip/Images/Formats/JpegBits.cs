using System.Buffers.Binary;

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
        for (; count > 0; count -= 16)
            _ = Take(Math.Min(16, count));
    }

    private void Fill()
    {
        if (_count >= 0 && _data.Length - At >= 8)
        {
            ulong eight = BinaryPrimitives.ReadUInt64BigEndian(_data[At..]);
            // No byte of the eight is 0xFF: none of their complements is zero.
            if (((~eight - 0x0101010101010101) & eight & 0x8080808080808080) == 0)
            {
                _bits |= eight >> _count;
                At += (63 - _count) >> 3;
                _count |= 56;
                return;
            }
        }
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
}
