namespace Blip;

/// <summary>The number format in which a model computes.</summary>
public enum BlipPrecision
{
    /// <summary>fp32 on a CPU, fp16 on CUDA.</summary>
    Default,

    /// <summary>
    /// What is fastest here and accurate enough: fp16 on CUDA; on a CPU that multiplies bytes quickly (VNNI, or Arm's dot product) int8,
    /// unless trial questions, asked once for a checkpoint, show that it loses accuracy; otherwise fp32.
    /// <see cref="BlipModelInfo.Precision"/> says which it is.
    /// </summary>
    Auto,

    /// <summary>32-bit floating point: what Python transformers does by default.</summary>
    Fp32,

    /// <summary>
    /// 16-bit floating point, on CUDA: weights and activations; the patch embedding and the multiplication with the vocabulary stay in
    /// fp32.
    /// </summary>
    Fp16,

    /// <summary>8-bit integers in matrix multiplications, on a CPU.</summary>
    Int8,
}
