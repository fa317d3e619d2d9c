using Blip.Files;
using static Blip.Checkpoints.TorchTensors;

namespace Blip.Checkpoints;

/// <summary>
/// Reads the table of a <c>pytorch_model.bin</c>: a zip archive with a pickle and one entry for each storage, or the legacy form. The
/// tensors are used in place.
/// </summary>
internal static class TorchFile
{
    private const string Pickle = "data.pkl";

    public static List<CheckpointTensor> Read(MappedFile file)
    {
        ReadOnlySpan<byte> start = file.Span(0, (int)Math.Min(4, file.Length));
        if (start.SequenceEqual("PK\x03\x04"u8))
            return ReadZip(file);
        if (start.Length > 0 && start[0] == 0x80)
            return LegacyTorchFile.Read(file);
        throw ForeignWeights.Find(file) ?? new BlipModelException(
            $"{file.Name} is neither a zip archive nor a pickle, so it is not what PyTorch writes. Download the file again.");
    }

    private static List<CheckpointTensor> ReadZip(MappedFile file)
    {
        Dictionary<string, StoredZip.Entry> entries = StoredZip.Read(file);
        string root = FindRoot(file, entries.Keys);
        if (entries.TryGetValue(root + "byteorder", out StoredZip.Entry order)
            && (order.Length > 16 || !file.Span(order.Offset, (int)order.Length).SequenceEqual("little"u8)))
            throw Unsupported(file, "its byte order is not little-endian");

        StoredZip.Entry table = entries[root + Pickle];
        PickleReader reader = new(file.Name, file.Span(table.Offset, (int)Math.Min(table.Length, int.MaxValue)));
        List<CheckpointTensor> tensors = [];
        foreach ((string name, PickleTensor tensor) in ReadTensors(file, reader.Read()))
        {
            PickleStorage storage = tensor.Storage;
            if (!entries.TryGetValue(root + "data/" + storage.Key, out StoredZip.Entry entry))
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has no data");
            (long elements, long rest) = Math.DivRem(entry.Length, ElementSize(storage.Type));
            if (rest != 0 || elements != storage.Count)
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has {entry.Length} bytes of data for {storage.Count} elements");
            tensors.Add(Locate(file, name, tensor, entry.Offset));
        }
        return tensors;
    }

    /// <summary>The folder in the archive, with a slash, that holds the pickle.</summary>
    private static string FindRoot(MappedFile file, IEnumerable<string> names)
    {
        string? root = null;
        foreach (string name in names)
        {
            if (name.EndsWith("/constants.pkl", StringComparison.Ordinal))
                throw Unsupported(file, "it is a TorchScript program, which is never run");
            string folder = name[..(name.IndexOf('/', StringComparison.Ordinal) + 1)];
            if (folder.Length > 0 && name.AsSpan(folder.Length) is Pickle)
                root = root is null ? folder : throw Invalid(file, $"it has two {Pickle}");
        }
        return root ?? throw ForeignWeights.Find(file) ?? Invalid(file, $"it is a zip archive without {Pickle}");
    }
}
