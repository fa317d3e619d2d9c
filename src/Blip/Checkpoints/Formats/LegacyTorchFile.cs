using System.Buffers.Binary;
using Blip.Files;
using static Blip.Checkpoints.TorchTensors;

namespace Blip.Checkpoints;

/// <summary>Reads the legacy form of a <c>pytorch_model.bin</c>: pickles, followed by the storages.</summary>
internal static class LegacyTorchFile
{
    /// <summary>Stands for the magic number, which is beyond 64 bits.</summary>
    public const long MagicMark = long.MinValue;

    private const int Version = 1001;

    /// <summary>The magic number 0x1950a86a20f9469cfc6c, little-endian.</summary>
    public static ReadOnlySpan<byte> Magic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    public static List<CheckpointTensor> Read(MappedFile file)
    {
        ReadOnlySpan<byte> bytes = file.Span(0, (int)Math.Min(file.Length, int.MaxValue));
        PickleReader reader = new(file.Name, bytes);
        if (reader.Read() is not MagicMark || reader.Read() is not (long)Version)
            throw Unsupported(file, "it is a pickle, but not of the form that PyTorch writes");
        if (reader.Read() is not PickleDictionary system || !system.Items.Contains(new("little_endian", true)))
            throw Unsupported(file, "its byte order is not little-endian");
        List<(string Name, PickleTensor Tensor)> tensors = ReadTensors(file, reader.Read());
        if (reader.Read() is not List<object?> keys)
            throw Invalid(file, "its list of storages is missing");

        Dictionary<string, (long Offset, long Count)> places =
            FindStorages(file, bytes.Length - reader.Rest.Length, keys, StorageTypes(file, tensors));
        List<CheckpointTensor> located = [];
        foreach ((string name, PickleTensor tensor) in tensors)
        {
            PickleStorage storage = tensor.Storage;
            if (!places.TryGetValue(storage.Key, out (long Offset, long Count) place) || storage.ViewOffset > place.Count - storage.Count)
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has no data");
            located.Add(Locate(file, name, tensor, place.Offset + (storage.ViewOffset * ElementSize(storage.Type))));
        }
        return located;
    }

    /// <summary>The type of each storage by its key.</summary>
    private static Dictionary<string, string> StorageTypes(MappedFile file, List<(string Name, PickleTensor Tensor)> tensors)
    {
        Dictionary<string, string> types = [];
        foreach ((string name, PickleTensor tensor) in tensors)
        {
            // A storage's length is counted in its elements: read as larger ones it would reach beyond the file.
            if (!types.TryAdd(tensor.Storage.Key, tensor.Storage.Type) && types[tensor.Storage.Key] != tensor.Storage.Type)
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} reads the data of another tensor as a different type");
        }
        return types;
    }

    /// <summary>Where the storages of the legacy form lie: for each key in turn, a count of 8 bytes and the elements.</summary>
    private static Dictionary<string, (long Offset, long Count)> FindStorages(
        MappedFile file, long at, List<object?> keys, Dictionary<string, string> types)
    {
        Dictionary<string, (long Offset, long Count)> places = [];
        foreach (object? item in keys)
        {
            if (item is not string key || !types.TryGetValue(key, out string? type) || at > file.Length - sizeof(long))
                throw Invalid(file, "its list of storages does not fit its tensors, so it is truncated or corrupt");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Span(at, sizeof(long)));
            at += sizeof(long);
            if (count < 0 || count > (file.Length - at) / ElementSize(type) || !places.TryAdd(key, (at, count)))
                throw Invalid(file, "a storage ends beyond the file, so it is truncated or corrupt");
            at += count * ElementSize(type);
        }
        return places;
    }
}
