namespace Blip.Images;

/// <summary>How transparent pixels are read.</summary>
public enum AlphaMode
{
    /// <summary>The image is laid over white, as a person sees it on a white page. The default.</summary>
    White,

    /// <summary>
    /// Transparency is ignored, so the colours of transparent pixels are used. Pillow's <c>convert("RGB")</c> does this, and so does the
    /// published Python preprocessing.
    /// </summary>
    Drop,
}
