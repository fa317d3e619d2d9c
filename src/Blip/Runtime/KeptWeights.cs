using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Blip.Checkpoints;

namespace Blip.Runtime;

/// <summary>
/// Weights in a mapped file: safetensors whose last tensor holds checksums, of the header and of each tensor in the file's order. A tensor
/// is used when its bytes have been read and are right, which costs the time of reading memory once. Thread-safe.
/// </summary>
internal sealed unsafe class KeptWeights : IDisposable
{
    private const string Checksums = "checksums";

    private readonly MappedFile _file;
    private readonly Dictionary<string, (CheckpointTensor Tensor, ulong Checksum)> _tensors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _right = new(StringComparer.Ordinal);

    private KeptWeights(MappedFile file) => _file = file;

    /// <summary>Those whose bytes are right.</summary>
    public IEnumerable<WeightBytes> Right =>
        _tensors.Values.Where(known => IsRight(known.Tensor.Name)).Select(known => Describe(known.Tensor));

    /// <summary>Opens a file.</summary>
    /// <returns><see langword="null"/> where there is none, or one whose header is damaged.</returns>
    public static KeptWeights? Open(string folder, string name)
    {
        MappedFile? file = null;
        try
        {
            file = MappedFile.Open(folder, name);
            KeptWeights weights = new(file);
            if (weights.ReadTable())
                return weights;
        }
        catch (BlipModelException)
        {
            // Missing or damaged.
        }
        file?.Dispose();
        return null;
    }

    /// <summary>Writes a file.</summary>
    public static void Write(Stream file, IEnumerable<WeightBytes> weights)
    {
        // Those that keep the next one aligned come first.
        WeightBytes[] sorted =
        [
            .. weights.OrderBy(weight => weight.Bytes % SafetensorsWriter.Alignment != 0)
                .ThenBy(weight => weight.Name, StringComparer.Ordinal),
        ];
        ulong[] checksums = new ulong[sorted.Length + 1];
        List<SafetensorsEntry> entries = [.. sorted.Select((weight, i) => new SafetensorsEntry(
            weight.Name, weight.Type, weight.Shape, weight.Bytes, target =>
            {
                target.Write(weight.Span);
                checksums[i + 1] = WeightChecksum.Of(weight.Span);
            }))];
        entries.Add(new SafetensorsEntry(Checksums, "U64", [checksums.Length], checksums.Length * sizeof(ulong),
            target => target.Write(MemoryMarshal.AsBytes<ulong>(checksums))));
        checksums[0] = WeightChecksum.Of(SafetensorsWriter.Header(entries));
        SafetensorsWriter.Write(file, entries);
    }

    /// <summary>The memory of a weight, or zero where none of this name and size is kept, or a damaged one.</summary>
    public nint Find(string name, long bytes) =>
        _tensors.TryGetValue(name, out (CheckpointTensor Tensor, ulong) known) && known.Tensor.ByteLength == bytes
            && known.Tensor.Data % SafetensorsWriter.Alignment == 0 && IsRight(name) ? known.Tensor.Data : 0;

    /// <summary>Removes the pages that were read from the process's memory.</summary>
    public void ReleasePages() => _file.ReleasePages();

    public void Dispose() => _file.Dispose();

    private static WeightBytes Describe(CheckpointTensor tensor) =>
        new(tensor.Name, tensor.StoredType, tensor.Shape, tensor.Data, tensor.ByteLength);

    private bool ReadTable()
    {
        CheckpointTensor[] tensors = [.. SafetensorsFile.Read(_file).OrderBy(tensor => tensor.Offset)];
        if (_file.LayoutDefect is not null || tensors is not [.., { Name: Checksums } last]
            || last.ByteLength != tensors.Length * sizeof(ulong))
            return false;
        ReadOnlySpan<ulong> checksums = MemoryMarshal.Cast<byte, ulong>(_file.Span(last.Offset, (int)last.ByteLength));
        if (WeightChecksum.Of(_file.Span(0, checked((int)tensors[0].Offset))) != checksums[0])
            return false;
        for (int i = 0; i < tensors.Length - 1; i++)
            _tensors.Add(tensors[i].Name, (tensors[i], checksums[i + 1]));
        return true;
    }

    private bool IsRight(string name) => _right.GetOrAdd(name, _ =>
    {
        (CheckpointTensor tensor, ulong checksum) = _tensors[name];
        return WeightChecksum.Of(Describe(tensor).Span) == checksum;
    });
}
