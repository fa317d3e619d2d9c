using System.Buffers.Binary;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Reads the table of a <c>pytorch_model.bin</c>: a zip archive with a pickle and one entry a storage, or the legacy form, pickles
/// followed by the storages. The tensors are used where they lie.
/// </summary>
internal static class TorchFile
{
    /// <summary>What stands for the legacy form's magic number, which is beyond 64 bits.</summary>
    public const long LegacyMagicMark = long.MinValue;

    private const int LegacyVersion = 1001;

    /// <summary>0x1950a86a20f9469cfc6c, little-endian.</summary>
    public static ReadOnlySpan<byte> LegacyMagic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    public static bool IsStorage(string type) => ElementSize(type) > 0;

    public static List<CheckpointTensor> Read(MappedFile file)
    {
        ReadOnlySpan<byte> start = file.Span(0, (int)Math.Min(4, file.Length));
        if (start.SequenceEqual("PK\x03\x04"u8))
            return ReadZip(file);
        if (start.Length > 0 && start[0] == 0x80)
            return ReadLegacy(file);
        throw new BlipModelException($"{file.Name} is neither a zip archive nor a pickle, so it is not what PyTorch writes. Download the file again.");
    }

    private static List<CheckpointTensor> ReadZip(MappedFile file)
    {
        Dictionary<string, StoredZip.Entry> entries = StoredZip.Read(file);
        string? pickle = null;
        foreach (string name in entries.Keys)
        {
            if (name.EndsWith("/constants.pkl", StringComparison.Ordinal))
                throw Invalid(file, "it is a TorchScript program, which is not allowed");
            if (name.EndsWith("/data.pkl", StringComparison.Ordinal) && name.IndexOf('/', StringComparison.Ordinal) == name.Length - "/data.pkl".Length)
                pickle = pickle is null ? name : throw Invalid(file, "it has two data.pkl");
        }
        if (pickle is null)
            throw Invalid(file, "it is a zip archive without data.pkl");
        string root = pickle[..^"data.pkl".Length];
        if (entries.TryGetValue(root + "byteorder", out StoredZip.Entry order) && (order.Length > 16 || !file.Span(order.Offset, (int)order.Length).SequenceEqual("little"u8)))
            throw Invalid(file, "its byte order is not little-endian");

        StoredZip.Entry table = entries[pickle];
        PickleReader reader = new(file.Name, file.Span(table.Offset, (int)Math.Min(table.Length, int.MaxValue)));
        List<CheckpointTensor> tensors = [];
        foreach ((string name, PickleTensor tensor) in Tensors(file, reader.Read()))
        {
            PickleStorage storage = tensor.Storage;
            if (!entries.TryGetValue(root + "data/" + storage.Key, out StoredZip.Entry entry))
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has no data");
            if (entry.Length % ElementSize(storage.Type) != 0 || entry.Length / ElementSize(storage.Type) != storage.Count)
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has {entry.Length} bytes of data for {storage.Count} elements");
            tensors.Add(Locate(file, name, tensor, entry.Offset));
        }
        return tensors;
    }

    private static List<CheckpointTensor> ReadLegacy(MappedFile file)
    {
        ReadOnlySpan<byte> bytes = file.Span(0, (int)Math.Min(file.Length, int.MaxValue));
        PickleReader reader = new(file.Name, bytes);
        if (reader.Read() is not LegacyMagicMark || reader.Read() is not (long)LegacyVersion)
            throw Invalid(file, "it is a pickle, but not of the form that PyTorch writes");
        if (reader.Read() is not PickleDictionary system || !system.Items.Contains(new("little_endian", true)))
            throw Invalid(file, "its byte order is not little-endian");
        List<(string Name, PickleTensor Tensor)> tensors = Tensors(file, reader.Read());
        if (reader.Read() is not List<object?> keys)
            throw Invalid(file, "its list of storages is missing");

        // A count of 8 bytes and the elements, for every key in turn.
        Dictionary<string, PickleStorage> storages = [];
        foreach ((string name, PickleTensor tensor) in tensors)
        {
            // A storage's length is counted in its elements: read as wider ones it would reach beyond the file.
            if (!storages.TryAdd(tensor.Storage.Key, tensor.Storage) && storages[tensor.Storage.Key].Type != tensor.Storage.Type)
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} reads another's data as a different type");
        }
        Dictionary<string, (long Offset, long Count)> places = [];
        long at = bytes.Length - reader.Rest.Length;
        foreach (object? item in keys)
        {
            if (item is not string key || !storages.TryGetValue(key, out PickleStorage? storage) || at > file.Length - 8)
                throw Invalid(file, "its list of storages does not fit its tensors, so it is truncated or corrupt");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Span(at, 8));
            at += 8;
            if (count < 0 || count > (file.Length - at) / ElementSize(storage.Type) || !places.TryAdd(key, (at, count)))
                throw Invalid(file, "a storage ends beyond the file, so it is truncated or corrupt");
            at += count * ElementSize(storage.Type);
        }

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

    private static List<(string Name, PickleTensor Tensor)> Tensors(MappedFile file, object? root)
    {
        if (root is not PickleDictionary dictionary)
            throw Invalid(file, "the pickle holds no dictionary of tensors");
        List<(string, PickleTensor)> tensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach ((object? key, object? value) in dictionary.Items)
        {
            if (key is not string name || value is not PickleTensor tensor)
                throw Invalid(file, "the pickle holds something else than tensors by name");
            if (!names.Add(name))
                throw Invalid(file, $"the pickle holds the tensor {PlainFileName.Shown(name)} twice");
            tensors.Add((name, tensor));
        }
        return tensors;
    }

    private static CheckpointTensor Locate(MappedFile file, string name, PickleTensor tensor, long storageOffset)
    {
        (long[] shape, long[] strides) = (tensor.Shape, tensor.Strides);
        long elements = 1;
        if (shape.Length != strides.Length || tensor.Offset < 0)
            throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has an impossible shape");
        bool contiguous = true;
        try
        {
            long last = tensor.Offset;
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                if (shape[d] < 0 || strides[d] < 0)
                    throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has an impossible shape");
                contiguous &= shape[d] == 1 || strides[d] == elements;
                last = checked(last + (Math.Max(0, shape[d] - 1) * strides[d]));
                elements = checked(elements * shape[d]);
            }
            // A stride of 0 repeats elements: the file's size does not bound such a tensor, so its storage must.
            if (elements > tensor.Storage.Count || (elements > 0 && last >= tensor.Storage.Count))
                throw Invalid(file, $"tensor {PlainFileName.Shown(name)} lies outside its data");
        }
        catch (OverflowException)
        {
            throw Invalid(file, $"tensor {PlainFileName.Shown(name)} has an impossible shape");
        }
        string type = tensor.Storage.Type;
        long offset = storageOffset + (tensor.Offset * ElementSize(type));
        return new CheckpointTensor(name, file, offset, elements * ElementSize(type), Known(type), type, shape, contiguous ? null : strides);
    }

    private static TensorType Known(string storage) => storage switch
    {
        "FloatStorage" => TensorType.F32,
        "HalfStorage" => TensorType.F16,
        "BFloat16Storage" => TensorType.BF16,
        _ => TensorType.Other,
    };

    private static int ElementSize(string storage) => storage switch
    {
        "BoolStorage" or "ByteStorage" or "CharStorage" => 1,
        "HalfStorage" or "BFloat16Storage" or "ShortStorage" => 2,
        "FloatStorage" or "IntStorage" => 4,
        "DoubleStorage" or "LongStorage" => 8,
        _ => 0,
    };

    private static BlipModelException Invalid(MappedFile file, string defect) =>
        new($"{file.Name} is refused or corrupt: {defect}. Take the model in the safetensors form, or download the file again.");
}
