namespace Blip.Images;

/// <summary>What is done with the orientation that a camera stored (EXIF, else XMP).</summary>
public enum ImageOrientation
{
    /// <summary>The image is turned, so that the model gets it as a person sees it.</summary>
    Apply,

    /// <summary>The image stays as it is stored. This is what the image processor of Python transformers does.</summary>
    Ignore,
}
