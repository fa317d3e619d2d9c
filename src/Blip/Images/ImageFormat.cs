namespace Blip.Images;

/// <summary>The form of an image's bytes, told by their content, never by a file's name.</summary>
public enum ImageFormat
{
    /// <summary>JPEG with 8 bits a sample: baseline, extended or progressive.</summary>
    Jpeg,

    /// <summary>PNG, interlaced or not, of any depth.</summary>
    Png,

    /// <summary>GIF; its first frame counts.</summary>
    Gif,

    /// <summary>WebP, lossy or lossless; its first frame counts.</summary>
    WebP,

    /// <summary>Windows or OS/2 bitmap.</summary>
    Bmp,

    /// <summary>Not encoded: three bytes a pixel, red first, rows from top to bottom.</summary>
    Rgb,
}
