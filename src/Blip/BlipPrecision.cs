namespace Blip;

/// <summary>In which numbers a model computes.</summary>
public enum BlipPrecision
{
    /// <summary>fp32, on either device.</summary>
    Default,

    /// <summary>Whatever is fastest on the device and the processor at hand without a loss of accuracy that matters.</summary>
    Auto,

    /// <summary>32-bit floating point: what Python transformers does by default.</summary>
    Fp32,

    /// <summary>16-bit floating point, on CUDA. Not built yet: refused with a clear error.</summary>
    Fp16,

    /// <summary>8-bit integers in the matrix products, on a CPU.</summary>
    Int8,
}
