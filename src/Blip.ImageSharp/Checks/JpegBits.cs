using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>Reads the bits of a scan. Bits that are not there are an error.</summary>
internal ref struct JpegBits(ReadOnlySpan<byte> data, int start)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _at = start;
    private ulong _bits;
    private int _count;

    public int Symbol(JpegHuffmanTable table)
    {
        if (_count < 16)
            Fill();
        int next = _count >= 16 ? (int)(_bits >> (_count - 16)) & 0xFFFF : (int)(_bits << (16 - _count)) & 0xFFFF;
        int symbol = table.Find(next, out int length);
        if (length == 0)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a code is wrong");
        Take(length);
        return symbol;
    }

    public int Read(int length)
    {
        if (_count < length)
            Fill();
        Take(length);
        return (int)(_bits >> _count) & ((1 << length) - 1);
    }

    /// <summary>Ends a part of the scan. Returns the index after its last byte.</summary>
    public int End()
    {
        // Whole bytes were read ahead. A stuffed byte is two bytes of the file.
        for (; _count >= 8; _count -= 8)
            _at -= _at >= 2 && _data[_at - 1] == 0 && _data[_at - 2] == 0xFF ? 2 : 1;
        _count = 0;
        return _at;
    }

    /// <summary>Ends a part of the scan and reads the restart marker that must follow.</summary>
    public void Restart(int number)
    {
        End();
        while (_at + 1 < _data.Length && _data[_at] == 0xFF && _data[_at + 1] == 0xFF)
            _at++;
        if (_at + 1 >= _data.Length || _data[_at] != 0xFF || _data[_at + 1] != 0xD0 + (number & 7))
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a restart marker is missing, or some of its pixels are");
        _at += 2;
    }

    private void Take(int length)
    {
        _count -= length;
        if (_count < 0)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "the end of a scan is missing");
    }

    private void Fill()
    {
        while (_count <= 48 && _at < _data.Length)
        {
            byte next = _data[_at];
            if (next == 0xFF)
            {
                if (_at + 1 >= _data.Length || _data[_at + 1] != 0)
                    return;
                _at++;
            }
            _at++;
            _bits = (_bits << 8) | next;
            _count += 8;
        }
    }
}
