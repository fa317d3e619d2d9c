using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>What both forms of a <c>pytorch_model.bin</c> have in common: tensors as views of storages.</summary>
internal static class TorchTensors
{
    /// <summary>Whether PyTorch has a storage class of this name.</summary>
    public static bool IsStorage(string type) => ElementSize(type) > 0;

    /// <summary>The size of a storage's elements in bytes, or 0 where there is no such storage class.</summary>
    public static int ElementSize(string storage) => storage switch
    {
        "BoolStorage" or "ByteStorage" or "CharStorage" => 1,
        "HalfStorage" or "BFloat16Storage" or "ShortStorage" => 2,
        "FloatStorage" or "IntStorage" => 4,
        "DoubleStorage" or "LongStorage" => 8,
        _ => 0,
    };

    /// <summary>The tensors of a pickle by their names.</summary>
    public static List<(string Name, PickleTensor Tensor)> ReadTensors(MappedFile file, object? root)
    {
        if (root is not PickleDictionary dictionary)
            throw Unsupported(file, "its pickle holds no dictionary of tensors");
        List<(string, PickleTensor)> tensors = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach ((object? key, object? value) in dictionary.Items)
        {
            if (key is not string name || value is not PickleTensor tensor)
                throw Unsupported(file, "its pickle holds more than tensors by name, as the files of training programs do");
            if (!names.Add(name))
                throw Invalid(file, $"the pickle holds the tensor {PlainFileName.Shown(name)} twice");
            tensors.Add((name, tensor));
        }
        return tensors;
    }

    /// <summary>The tensor in the file. Its storage begins at an offset in bytes.</summary>
    public static CheckpointTensor Locate(MappedFile file, string name, PickleTensor tensor, long storageOffset)
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
        long length = elements * ElementSize(type);
        return new CheckpointTensor(name, file, offset, length, Known(type), type, shape, contiguous ? null : strides);
    }

    public static BlipModelException Invalid(MappedFile file, string defect) =>
        new($"{file.Name} is refused or corrupt: {defect}. Use the model in the safetensors format, or download the file again.");

    /// <summary>The error for a file that is in order and is no list of tensors.</summary>
    public static BlipModelException Unsupported(MappedFile file, string finding) =>
        new($"{file.Name} is refused: {finding}. Save the model with save_pretrained, which writes model.safetensors.");

    private static TensorType Known(string storage) => storage switch
    {
        "FloatStorage" => TensorType.F32,
        "HalfStorage" => TensorType.F16,
        "BFloat16Storage" => TensorType.BF16,
        _ => TensorType.Other,
    };
}
