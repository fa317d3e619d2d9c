namespace Blip.Checkpoints;

/// <summary>A class or function that a pickle names. Inert: a name, never resolved to code.</summary>
internal sealed record PickleGlobal(string Name);

/// <summary>The bytes behind tensors: PyTorch's persistent id.</summary>
/// <param name="Type">The storage class's name, for example <c>FloatStorage</c>.</param>
/// <param name="Key">Which one.</param>
/// <param name="Count">Its elements.</param>
/// <param name="ViewOffset">Where it begins, in elements, in the storage of that key; only in the legacy form.</param>
internal sealed record PickleStorage(string Type, string Key, long Count, long ViewOffset);

/// <summary>A tensor as a view of a storage; offset and strides in elements.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>A dictionary in the order in which it was written.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];
}
