namespace Blip.Images;

/// <summary>
/// The order of the two resampling passes. Both orders are bicubic, and their results differ by single levels. Each order is equal, byte
/// for byte, to the Pillow versions that use it.
/// </summary>
public enum ResizeMode
{
    /// <summary>
    /// The order of Pillow 13. The vertical pass is first if the height shrinks by more than twice as many pixels as the width (most
    /// upright photos); else the horizontal pass is first. The default.
    /// </summary>
    Pillow,

    /// <summary>The order of Pillow up to version 11: the horizontal pass is always first.</summary>
    Classic,
}
