using System.Buffers.Binary;
using System.Text;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Finds the entries of a zip archive whose entries are stored, not compressed, as PyTorch writes them, so that their bytes can be
/// used in place. Strict: what PyTorch would not write is refused.
/// </summary>
internal static class StoredZip
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50, LocalSignature = 0x04034b50;
    private const int EndLength = 22, Locator64Length = 20, End64Length = 56, EntryLength = 46, LocalLength = 30;
    private const int MaxComment = ushort.MaxValue, MaxEntries = 1 << 16;

    public readonly record struct Entry(long Offset, long Length);

    public static Dictionary<string, Entry> Read(MappedFile file)
    {
        long end = FindEnd(file);
        ReadOnlySpan<byte> record = file.Span(end, EndLength);
        long count = U16(record[10..]), size = U32(record[12..]), offset = U32(record[16..]);
        if (count == ushort.MaxValue || size == uint.MaxValue || offset == uint.MaxValue)
            (count, size, offset) = ReadEnd64(file, end);
        if (count > MaxEntries || size > end || offset > end - size || size > int.MaxValue)
            throw Corrupt(file, "its directory lies outside the file");

        Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
        ReadOnlySpan<byte> directory = file.Span(offset, (int)size);
        for (long i = 0; i < count; i++)
        {
            if (directory.Length < EntryLength || U32(directory) != EntrySignature)
                throw Corrupt(file, "its directory is cut short");
            int nameLength = U16(directory[28..]), extraLength = U16(directory[30..]), commentLength = U16(directory[32..]);
            int total = EntryLength + nameLength + extraLength + commentLength;
            if (directory.Length < total)
                throw Corrupt(file, "its directory is cut short");
            string name = Encoding.UTF8.GetString(directory.Slice(EntryLength, nameLength));
            if (!entries.TryAdd(name, ReadEntry(file, name, directory[..total], nameLength, extraLength)))
                throw Corrupt(file, $"it has two entries {PlainFileName.Shown(name)}");
            directory = directory[total..];
        }
        return entries;
    }

    private static Entry ReadEntry(MappedFile file, string name, ReadOnlySpan<byte> entry, int nameLength, int extraLength)
    {
        long compressed = U32(entry[20..]), length = U32(entry[24..]), local = U32(entry[42..]);
        // Sizes beyond 32 bits follow in the extra field of kind 1, only those that did not fit, in this order.
        ReadOnlySpan<byte> extra = entry.Slice(EntryLength + nameLength, extraLength);
        while (extra.Length >= 4)
        {
            int kind = U16(extra), size = Math.Min(U16(extra[2..]), extra.Length - 4);
            ReadOnlySpan<byte> values = extra.Slice(4, size);
            if (kind == 1)
            {
                length = Value64(length, ref values);
                compressed = Value64(compressed, ref values);
                local = Value64(local, ref values);
            }
            extra = extra[(4 + size)..];
        }
        if (U16(entry[10..]) != 0 || (U16(entry[8..]) & 1) != 0 || compressed != length)
        {
            throw new BlipModelException(
                $"{file.Name} is a zip archive whose entry {PlainFileName.Shown(name)} is compressed or encrypted, which PyTorch never " +
                "does. If the model's files were packed into it, unpack it, and give the folder with them.");
        }
        if (local < 0 || length < 0 || local > file.Length - LocalLength || U32(file.Span(local, LocalLength)) != LocalSignature)
            throw Corrupt(file, $"entry {PlainFileName.Shown(name)} is not where the directory says");
        ReadOnlySpan<byte> header = file.Span(local, LocalLength);
        long data = local + LocalLength + U16(header[26..]) + U16(header[28..]);
        return data <= file.Length - length
            ? new Entry(data, length)
            : throw Corrupt(file, $"entry {PlainFileName.Shown(name)} ends beyond the file, which is truncated");

        static long Value64(long value, ref ReadOnlySpan<byte> values)
        {
            if (value != uint.MaxValue || values.Length < 8)
                return value;
            value = I64(values);
            values = values[8..];
            return value;
        }
    }

    private static long FindEnd(MappedFile file)
    {
        for (long at = file.Length - EndLength; at >= 0 && at >= file.Length - EndLength - MaxComment; at--)
        {
            ReadOnlySpan<byte> record = file.Span(at, EndLength);
            if (U32(record) == EndSignature && at + EndLength + U16(record[20..]) == file.Length)
                return at;
        }
        throw Corrupt(file, "its directory is missing, so the file is truncated");
    }

    private static (long Count, long Size, long Offset) ReadEnd64(MappedFile file, long end)
    {
        if (end < Locator64Length || U32(file.Span(end - Locator64Length, 4)) != Locator64Signature)
            throw Corrupt(file, "its 64-bit directory is missing");
        long at = I64(file.Span(end - Locator64Length + 8, 8));
        if (at < 0 || at > end - End64Length || U32(file.Span(at, 4)) != End64Signature)
            throw Corrupt(file, "its 64-bit directory is missing");
        ReadOnlySpan<byte> record = file.Span(at, End64Length);
        (long count, long size, long offset) = (I64(record[32..]), I64(record[40..]), I64(record[48..]));
        return count >= 0 && size >= 0 && offset >= 0 ? (count, size, offset) : throw Corrupt(file, "its 64-bit directory is broken");
    }

    private static int U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long I64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static BlipModelException Corrupt(MappedFile file, string defect) =>
        new($"{file.Name} is a corrupt zip archive: {defect}. Download the file again.");
}
