namespace Blip.Runtime;

/// <summary>A weight in memory.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as safetensors calls it.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Data">Where it lies.</param>
/// <param name="Bytes">The size of all its elements.</param>
internal sealed unsafe record WeightBytes(string Name, string Type, IReadOnlyList<long> Shape, nint Data, long Bytes)
{
    /// <summary>The bytes, as long as they lie there.</summary>
    public ReadOnlySpan<byte> Span => new((void*)Data, checked((int)Bytes));
}
