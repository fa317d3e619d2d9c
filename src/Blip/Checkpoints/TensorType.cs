namespace Blip.Checkpoints;

/// <summary>The element type in which a tensor is stored.</summary>
public enum TensorType
{
    /// <summary>32-bit floating point.</summary>
    F32,

    /// <summary>16-bit floating point.</summary>
    F16,

    /// <summary>16-bit brain floating point: the upper half of an F32.</summary>
    BF16,

    /// <summary>Any other known type; no weight of a model may have it.</summary>
    Other,
}
