using System.Buffers.Binary;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>
/// Accepts JPEG files that are baseline in one scan, or progressive, with Huffman coding, and grey or YCbCr. All codes of all scans are
/// followed first. ImageSharp gets a new file: frame, tables and scans, without metadata and other parts between them.
/// </summary>
/// <remarks>The rule for the colours is that of libjpeg: JFIF, then Adobe's marker, then the channels' names.</remarks>
internal ref struct JpegCheck
{
    /// <summary>ImageSharp keeps all coefficients of a progressive image in memory: 2 bytes each.</summary>
    private const long MaxCoefficientBytes = 36 << 20;

    private const byte Dht = 0xC4, Dac = 0xCC, Soi = 0xD8, Eoi = 0xD9, Sos = 0xDA, Dqt = 0xDB, Dri = 0xDD, App0 = 0xE0, App14 = 0xEE,
        App15 = 0xEF, Com = 0xFE;

    private readonly ReadOnlySpan<byte> _data;
    private readonly MemoryStream _plain;
    private readonly JpegTables _tables;
    private int _at = 2;
    private byte _frame;
    private JpegComponent[] _components = [];
    private bool _isJfif, _hasScan;
    private byte? _adobe;
    private int _restartInterval;

    private readonly Queue<(int At, bool HasSpareBytes)> _ends;

    private JpegCheck(ReadOnlySpan<byte> data, Queue<(int At, bool HasSpareBytes)> ends, MemoryStream plain)
    {
        _data = data;
        _ends = ends;
        _plain = plain;
        _tables = new JpegTables(plain);
    }

    public static MemoryStream Plain(ReadOnlySpan<byte> data, ImageHeader size)
    {
        Queue<(int At, bool HasSpareBytes)> ends = new();
        JpegScans.Check(data, (at, hasSpareBytes) => ends.Enqueue((at, hasSpareBytes)));
        MemoryStream plain = new(data.Length + 4096);
        JpegCheck check = new(data, ends, plain);
        plain.Write([0xFF, Soi]);
        while (check.ReadSegment(size))
        {
        }
        plain.Write([0xFF, Eoi]);
        plain.Position = 0;
        return plain;
    }

    private readonly bool IsProgressive => _frame == 0xC2;

    private static BlipException Corrupt(string what) => ImageErrors.Corrupt(ImageFormat.Jpeg, what);

    private bool ReadSegment(ImageHeader size)
    {
        byte marker = JpegFile.NextMarker(_data, ref _at);
        if (marker == Eoi)
        {
            if (_components.Length == 0 || _components.Any(c => !c.IsSeen))
                throw Corrupt("the end of its pixels is missing");
            return false;
        }
        if (marker is not ((>= 0xC0 and < 0xD0) or (>= Sos and <= Dri) or (>= App0 and <= App15) or Com))
            throw Corrupt("it has a marker that no JPEG has");
        ReadOnlySpan<byte> segment = JpegFile.Segment(_data, ref _at);
        switch (marker)
        {
            case 0xC0 or 0xC1 or 0xC2:
                ReadFrame(marker, segment, size);
                break;
            case Dht:
                _tables.ReadHuffmans(segment);
                break;
            case Dqt:
                if (_hasScan)
                    throw Refusal.Of("A JPEG whose quantization tables change");
                _tables.ReadQuantizations(segment);
                break;
            case Dri:
                _restartInterval = segment.Length == 2 ? U16(segment) : throw Corrupt("a segment has a wrong length");
                break;
            case Sos:
                ReadScan(segment, size);
                break;
            case App0:
                _isJfif |= segment.Length >= 14 && segment.StartsWith("JFIF\0"u8);
                break;
            case App14:
                if (segment.Length >= 12 && segment.StartsWith("Adobe"u8))
                    _adobe = segment[11];
                break;
            case Dac or (> Dht and < 0xD0):
                throw Refusal.Of("A JPEG with arithmetic coding");
            default:
                break;
        }
        return true;
    }

    private void ReadFrame(byte marker, ReadOnlySpan<byte> segment, ImageHeader size)
    {
        if (_components.Length > 0 || segment.Length < 6 || segment.Length != 6 + (3 * segment[5]))
            throw Corrupt("it has two frames, or a broken one");
        if (segment[5] is not (1 or 3))
            throw Refusal.Of("A CMYK JPEG");
        _frame = marker;
        _components = new JpegComponent[segment[5]];
        for (int i = 0; i < _components.Length; i++)
        {
            ReadOnlySpan<byte> channel = segment.Slice(6 + (3 * i), 3);
            (int horizontal, int vertical) = (channel[1] >> 4, channel[1] & 15);
            if (horizontal is < 1 or > 4 || vertical is < 1 or > 4 || channel[2] > 3)
                throw Corrupt("its frame is broken");
            // The blocks of a channel that stands alone have the same order whatever it states.
            if (_components.Length == 1)
                (horizontal, vertical) = (1, 1);
            _components[i] = new JpegComponent
            {
                Id = channel[0],
                Horizontal = horizontal,
                Vertical = vertical,
                Quantization = channel[2],
            };
        }
        if (_components.DistinctBy(c => c.Id).Count() < _components.Length)
            throw Corrupt("two channels have one name");

        long bytes = size.DecodeBytes - (size.Orientation == 1 ? 0 : 4 * size.Pixels);
        if (IsProgressive && bytes > MaxCoefficientBytes)
        {
            throw Refusal.Of(FormattableString.Invariant(
                $"A progressive JPEG of this kind with more than {MaxCoefficientBytes * size.Pixels / bytes:N0} pixels"));
        }
    }

    private void ReadScan(ReadOnlySpan<byte> segment, ImageHeader size)
    {
        if (_components.Length == 0 || segment.IsEmpty || segment[0] is < 1 or > 3 || segment.Length != 4 + (2 * segment[0]))
            throw Corrupt("a scan has a broken header");
        int count = segment[0];
        (int first, int last, int high, int low) =
            IsProgressive ? (segment[^3], segment[^2], segment[^1] >> 4, segment[^1] & 15) : (0, 63, 0, 0);
        if (!IsProgressive && (_hasScan || count != _components.Length))
            throw Refusal.Of("A baseline JPEG in several scans");
        if (!_hasScan)
            WriteFrame(size);
        _hasScan = true;

        List<byte> header = [(byte)count];
        HashSet<byte> used = [];
        for (int i = 0; i < count; i++)
        {
            (byte id, byte tables) = (segment[1 + (2 * i)], segment[2 + (2 * i)]);
            int index = Array.FindIndex(_components, c => c.Id == id);
            if (index < 0 || (tables & 0xCC) != 0 || !used.Add(id))
                throw Corrupt("a scan has a broken header");
            if (first == 0 && high == 0)
                _tables.WriteHuffman(tables >> 4);
            if (last > 0)
                _tables.WriteHuffman(4 + (tables & 15));
            _components[index].Advance(first, last, high, low, count, IsProgressive);
            header.AddRange((byte)(index + 1), tables);
        }
        // ImageSharp continues to count from the scan before, unless the interval is written again.
        _plain.Write([0xFF, Dri, 0, 4, (byte)(_restartInterval >> 8), (byte)_restartInterval]);
        _plain.Write([0xFF, Sos, 0, (byte)(segment.Length + 2), .. header, (byte)first, (byte)last, (byte)((high << 4) | low)]);

        int start = _at;
        (_at, bool hasSpareBytes) = _ends.Dequeue();
        if (hasSpareBytes)
            throw Refusal.Of("A JPEG with spare bytes before its restart markers");
        _plain.Write(_data[start.._at]);
    }

    /// <summary>Writes frame and quantization tables. Where the scans begin, everything about the colours is known.</summary>
    private readonly void WriteFrame(ImageHeader size)
    {
        if (_components.Length == 3)
        {
            bool isRgb = !_isJfif && (_adobe is { } transform ? transform == 0 : _components is [{ Id: 82 }, { Id: 71 }, { Id: 66 }]);
            if (isRgb)
                throw Refusal.Of("An RGB JPEG");
            if (_components[0] is not { Horizontal: 1 or 2, Vertical: 1 or 2 }
                || _components[1..].Any(c => c is not { Horizontal: 1, Vertical: 1 }))
                throw Refusal.Of("A JPEG with a rare subsampling of the colours");
        }
        foreach (int place in _components.Select(c => (int)c.Quantization).Distinct())
            _tables.WriteQuantization(place);
        List<byte> frame =
            [8, (byte)(size.Height >> 8), (byte)size.Height, (byte)(size.Width >> 8), (byte)size.Width, (byte)_components.Length];
        for (int i = 0; i < _components.Length; i++)
        {
            JpegComponent component = _components[i];
            frame.AddRange((byte)(i + 1), (byte)((component.Horizontal << 4) | component.Vertical), component.Quantization);
        }
        _tables.WriteSegment(_frame, [.. frame]);
    }

    private static int U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16BigEndian(data);
}
