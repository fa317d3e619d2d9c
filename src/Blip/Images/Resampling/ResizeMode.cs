namespace Blip.Images;

/// <summary>
/// Which published order of the two resampling passes is followed. Both are bicubic and agree to single levels; each is equal to its
/// Pillow releases byte for byte.
/// </summary>
public enum ResizeMode
{
    /// <summary>
    /// As Pillow 13: vertically first where the height shrinks by more than twice the pixels that the width does (most upright
    /// photos), else horizontally first. The default.
    /// </summary>
    Pillow,

    /// <summary>As Pillow up to 11: always horizontally first.</summary>
    Classic,
}
