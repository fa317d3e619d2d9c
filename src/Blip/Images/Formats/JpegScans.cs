using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics.X86;

namespace Blip.Images;

/// <summary>
/// Follows the coded data of a JPEG without computing pixels (ITU T.81, annexes F and G). It proves that no scan stops before its last
/// block, which decoders fill with grey and do not report. Knows Huffman coding, sequential and progressive.
/// </summary>
internal ref struct JpegScans
{
    private const int DefineCodes = 0xC4, StartOfScan = 0xDA, EndOfImage = 0xD9, RestartInterval = 0xDD, Restart = 0xD0;

    private readonly ReadOnlySpan<byte> _data;
    private readonly JpegCode?[] _dc = new JpegCode?[4], _ac = new JpegCode?[4];
    private Component[] _components = [];
    private int _width, _height, _maxH, _maxV, _interval;
    private bool _isProgressive;

    private JpegScans(ReadOnlySpan<byte> data) => _data = data;

    /// <param name="data">The file.</param>
    /// <param name="scanned">
    /// Gets of each scan the position after its coded data, and whether bytes that no block needs stand before a restart marker.
    /// </param>
    /// <exception cref="BlipException">A scan stops inside, or a component has no scan.</exception>
    public static void Check(ReadOnlySpan<byte> data, Action<int, bool>? scanned = null)
    {
        JpegScans scans = new(data);
        try
        {
            scans.Follow(scanned);
        }
        finally
        {
            foreach (Component component in scans._components)
                component.NonZero?.Dispose();
        }
    }

    /// <summary>
    /// Whether the last pixel may be one that no data stands for. A decoder takes 128 for every sample of a block that it has no data for;
    /// colours of the block beside it may reach into the pixel, but its luma stays.
    /// </summary>
    public static bool MayBeUnfilled(ReadOnlySpan<byte> rgba)
        => Math.Abs((299 * rgba[0]) + (587 * rgba[1]) + (114 * rgba[2]) - 128_000) < 3000;

    private void Follow(Action<int, bool>? scanned)
    {
        int at = 2;
        while (true)
        {
            byte marker = JpegFile.NextMarker(_data, ref at);
            if (marker == EndOfImage)
                break;
            ReadOnlySpan<byte> segment = JpegFile.Segment(_data, ref at);
            if (JpegFile.IsFrame(marker))
            {
                if (JpegFile.IsArithmetic(marker))
                    return;
                ReadFrame(marker, segment);
            }
            else if (marker == DefineCodes)
                ReadCodes(segment);
            else if (marker == RestartInterval && segment.Length >= 2)
                _interval = BinaryPrimitives.ReadUInt16BigEndian(segment);
            else if (marker == StartOfScan)
            {
                bool hasSpareBytes = false;
                at = FollowScan(segment, at, ref hasSpareBytes);
                scanned?.Invoke(at, hasSpareBytes);
            }
        }
        foreach (Component component in _components)
            if (!component.HasScan)
                throw ImageErrors.Truncated(ImageFormat.Jpeg);
    }

    private void ReadFrame(byte marker, scoped ReadOnlySpan<byte> segment)
    {
        if (_components.Length != 0 || segment.Length < 6 || segment.Length < 6 + (3 * segment[5]))
            throw Broken();
        _isProgressive = marker == 0xC2;
        (_height, _width) = (BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]));
        Component[] components = new Component[segment[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> entry = segment[(6 + (3 * i))..];
            components[i] = new Component { Id = entry[0], H = entry[1] >> 4, V = entry[1] & 15 };
            if (components[i] is not { H: >= 1 and <= 4, V: >= 1 and <= 4 })
                throw Broken();
            (_maxH, _maxV) = (Math.Max(_maxH, components[i].H), Math.Max(_maxV, components[i].V));
        }
        _components = components;
        foreach (Component component in _components)
        {
            component.Stride = Units(_width, 8 * _maxH) * component.H;
            component.Rows = Units(_height, 8 * _maxV) * component.V;
        }
    }

    private readonly void ReadCodes(scoped ReadOnlySpan<byte> segment)
    {
        while (segment.Length >= 17)
        {
            int id = segment[0], count = 0;
            ReadOnlySpan<byte> counts = segment.Slice(1, 16);
            foreach (byte one in counts)
                count += one;
            if ((id & 0xEC) != 0 || count > 256 || segment.Length < 17 + count)
                throw Broken();
            (id < 0x10 ? _dc : _ac)[id & 3] = new JpegCode(counts, segment.Slice(17, count));
            segment = segment[(17 + count)..];
        }
    }

    private readonly int FollowScan(scoped ReadOnlySpan<byte> segment, int at, ref bool hasSpareBytes)
    {
        int count = segment.IsEmpty ? 0 : segment[0];
        if (count is < 1 or > 4 || segment.Length < 4 + (2 * count))
            throw Broken();
        Scan scan = new()
        {
            Start = _isProgressive ? segment[1 + (2 * count)] : 0,
            End = _isProgressive ? Math.Min((int)segment[2 + (2 * count)], 63) : 63,
            IsRefinement = _isProgressive && segment[3 + (2 * count)] >> 4 != 0,
            LowestBit = _isProgressive ? segment[3 + (2 * count)] & 15 : 0,
        };
        if (count > 1 && scan.Start > 0)
            throw Broken();
        Component[] inScan = new Component[count];
        for (int i = 0; i < count; i++)
        {
            (byte id, byte tables) = (segment[1 + (2 * i)], segment[2 + (2 * i)]);
            Component component = Array.Find(_components, c => c.Id == id) ?? throw Broken();
            component.HasScan |= scan.Start == 0;
            if (scan.Start > scan.End)
                throw Broken();
            if (scan.Start == 0 && !scan.IsRefinement)
                component.Dc = _dc[(tables >> 4) & 3] ??= JpegCode.Typical((tables >> 4) & 3) ?? throw Broken();
            if (scan.End > 0)
                component.Ac = _ac[tables & 3] ??= JpegCode.Typical(0x10 | (tables & 3)) ?? throw Broken();
            if (_isProgressive && scan.Start > 0)
                component.NonZero ??= PixelBuffer.Zeroed(8L * component.Stride * component.Rows);
            inScan[i] = component;
        }

        JpegBits bits = new(_data, at);
        int next = 0, left = _interval;
        // One component alone has only the blocks that the image covers; several have units with blocks of each.
        Component only = inScan[0];
        (int width, int height) = count == 1
            ? (Units(Units(_width * only.H, _maxH), 8), Units(Units(_height * only.V, _maxV), 8))
            : (Units(_width, 8 * _maxH), Units(_height, 8 * _maxV));
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                if (_interval > 0 && left-- == 0)
                {
                    int end = bits.End();
                    bits = AfterRestart(bits.At, next++ & 7);
                    hasSpareBytes |= _data[end] != 0xFF || _data[end + 1] == 0;
                    (left, scan.Run) = (_interval - 1, 0);
                }
                if (_isProgressive && scan.Start > 0)
                    scan.Block(ref bits, only, (y * only.Stride) + x);
                else
                    foreach (Component component in inScan)
                    {
                        int blocks = count == 1 ? 1 : component.H * component.V;
                        if (!_isProgressive)
                            bits.SkipBlocks(blocks, component.Dc!, component.Ac!);
                        else if (scan.IsRefinement)
                            bits.SkipMany(blocks);
                        else
                            for (; blocks > 0; blocks--)
                                bits.Skip(component.Dc!.FirstSkip(bits.Next16()));
                    }
                if (bits.IsExhausted)
                    throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its coded data ends early");
            }
        return bits.End();
    }

    private readonly JpegBits AfterRestart(int at, int expected)
    {
        while (true)
        {
            int found = _data[at..].IndexOf((byte)0xFF);
            if (found < 0 || (at += found + 1) >= _data.Length)
                throw ImageErrors.Truncated(ImageFormat.Jpeg);
            byte marker = _data[at];
            if (marker == 0xFF)
                continue;
            at++;
            if (marker == Restart + expected)
                return new JpegBits(_data, at);
            if (marker != 0)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a part of its coded data is missing");
        }
    }

    private static int Units(int size, int unit) => (size + unit - 1) / unit;

    private static BlipException Broken() => ImageErrors.Corrupt(ImageFormat.Jpeg, "a segment of it is broken");

    private sealed class Component
    {
        public int Id, H, V, Stride, Rows;
        public bool HasScan;
        public JpegCode? Dc, Ac;

        // A bit for each coefficient of a block that is not zero. Only such a coefficient has a bit in a scan that refines.
        public PixelBuffer? NonZero;
    }

    private unsafe struct Scan
    {
        public int Start, End, Run, LowestBit;
        public bool IsRefinement;

        /// <summary>Follows a block of a scan of a progressive image without first coefficients.</summary>
        public void Block(ref JpegBits bits, Component component, int block)
        {
            ref ulong nonZero = ref ((ulong*)component.NonZero!.Pointer)[block];
            if (IsRefinement)
                Refine(ref bits, component.Ac!, ref nonZero);
            else if (Run > 0)
                Run--;
            else
                First(ref bits, component.Ac!, ref nonZero);
        }

        private void First(ref JpegBits bits, JpegCode code, ref ulong nonZero)
        {
            for (int k = Start; k <= End; k++)
            {
                int symbol = code.Take(ref bits), run = symbol >> 4, size = symbol & 15;
                if (size == 0 && run != 15)
                {
                    Run = (1 << run) - 1 + (run == 0 ? 0 : (int)bits.Take(run));
                    return;
                }
                k += run;
                bits.Skip(size);
                if (size == 0)
                    continue;
                // A value of more than 15 bits would become another one.
                if (k > End || size + LowestBit > 15)
                    throw BrokenCode();
                nonZero |= 1UL << k;
            }
        }

        private void Refine(ref JpegBits bits, JpegCode code, ref ulong nonZero)
        {
            int k = Start;
            for (; Run == 0 && k <= End; k++)
            {
                int symbol = code.Take(ref bits), run = symbol >> 4, size = symbol & 15;
                if (size == 0 && run != 15)
                {
                    Run = (1 << run) + (run == 0 ? 0 : (int)bits.Take(run));
                    break;
                }
                if (size > 1)
                    throw BrokenCode();
                bits.Skip(size);
                // Coefficients that are zero are counted; each other one on the way has a bit.
                ulong band = Band(k), next = BitAt(band & ~nonZero, run);
                bits.SkipMany(BitOperations.PopCount(band & nonZero & (next - 1)));
                k = next == 0 ? End + 1 : BitOperations.TrailingZeroCount(next);
                if (size == 0)
                    continue;
                if (next == 0)
                    throw BrokenCode();
                nonZero |= next;
            }
            if (Run > 0)
            {
                bits.SkipMany(BitOperations.PopCount(Band(k) & nonZero));
                Run--;
            }
        }

        /// <summary>The coefficients of the scan from this one on.</summary>
        private readonly ulong Band(int k) => k > End ? 0 : ulong.MaxValue << k & ulong.MaxValue >> (63 - End);

        /// <summary>The bit after <paramref name="skipped"/> others; 0 if there are not that many.</summary>
        private static ulong BitAt(ulong bits, int skipped)
        {
            if (Bmi2.X64.IsSupported)
                return Bmi2.X64.ParallelBitDeposit(1UL << skipped, bits);
            for (; skipped > 0; skipped--)
                bits &= bits - 1;
            return bits & (0 - bits);
        }

        private static BlipException BrokenCode() => ImageErrors.Corrupt(ImageFormat.Jpeg, "its coded data is broken");
    }
}
