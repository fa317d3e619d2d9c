namespace Blip.Images;

/// <summary>What becomes of transparency.</summary>
public enum AlphaMode
{
    /// <summary>The image is laid over white, as a person sees it on a page. The default.</summary>
    White,

    /// <summary>
    /// Transparency is forgotten and the colours under it show, as Pillow's <c>convert("RGB")</c> and so the published
    /// Python preprocessing do.
    /// </summary>
    Drop,
}
