namespace Blip.Images;

/// <summary>How fast the resampler may be. The results are equal; tests prove it.</summary>
internal enum ResampleInstructions
{
    /// <summary>One number at a time.</summary>
    Scalar,

    /// <summary>Vectors of whatever processor this is.</summary>
    Portable,

    /// <summary>AVX2 too, where there is some.</summary>
    All,
}
