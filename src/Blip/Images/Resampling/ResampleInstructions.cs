namespace Blip.Images;

/// <summary>Which instructions the resampler may use. The results are equal; tests prove it.</summary>
internal enum ResampleInstructions
{
    /// <summary>One number at a time.</summary>
    Scalar,

    /// <summary>Vector instructions that .NET offers on every processor.</summary>
    Portable,

    /// <summary>AVX2, too, if the processor has it.</summary>
    All,
}
