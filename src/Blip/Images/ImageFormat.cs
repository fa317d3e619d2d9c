namespace Blip.Images;

/// <summary>The format of an image. It is found from the content, never from a file's name.</summary>
public enum ImageFormat
{
    /// <summary>JPEG with 8 bits a sample: baseline, extended or progressive.</summary>
    Jpeg,

    /// <summary>PNG, interlaced or not, of any depth.</summary>
    Png,

    /// <summary>GIF. Only the first frame is read.</summary>
    Gif,

    /// <summary>WebP, lossy or lossless. Only the first frame is read.</summary>
    WebP,

    /// <summary>Windows or OS/2 bitmap.</summary>
    Bmp,

    /// <summary>HEIC: an HEIF file with HEVC, as phones make it. Only the primary image is read. Needs a decoder that reads it.</summary>
    Heic,

    /// <summary>AVIF. Only the primary image is read. Needs a decoder that reads it.</summary>
    Avif,

    /// <summary>TIFF, but not BigTIFF. Only the first page is read. Needs a decoder that reads it.</summary>
    Tiff,

    /// <summary>JPEG XL. Only the first frame is read. Needs a decoder that reads it.</summary>
    JpegXl,

    /// <summary>Pixels without a file format: uint8 [height, width, 3] with red, green and blue, rows from top to bottom.</summary>
    Rgb,
}
