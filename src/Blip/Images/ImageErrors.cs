namespace Blip.Images;

/// <summary>The errors of broken images and of other files.</summary>
internal static class ImageErrors
{
    private const string Supported = "Blip reads JPEG, PNG, GIF, WebP and BMP";

    public static BlipException Truncated(ImageFormat format)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is truncated: the end of the file is missing. Send the whole file.");

    public static BlipException Corrupt(ImageFormat format, string what, Exception? cause = null)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is corrupt: {what}. Use another copy of it.", cause);

    public static BlipException Unsupported(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not supported. {Supported}. Convert it first, for example with ImageMagick.");

    /// <summary>A video: stills of it can be asked about as frames.</summary>
    public static BlipException Video(string what)
        => new(BlipErrorCode.UnsupportedImage,
            $"{what} is not read. Make images of its frames (ffmpeg -i VIDEO -vf fps=1 frame-%04d.png), and ask about them with frames.");

    /// <summary>A format that some decoders read, but the application's does not.</summary>
    public static BlipException NeedsDecoder(ImageFormat format)
        => new(BlipErrorCode.UnsupportedImage,
            $"{Name(format)} is not supported here. {Supported}. Convert it first, for example with ImageMagick "
            + $"(magick in.{Extension(format)} out.jpg), or add the package Blip.Magick to the application.");

    public static BlipException NotAnImage(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not an image. {Supported}.");

    public static BlipException Empty() => new(BlipErrorCode.ImageCorrupt, "The image is empty: it has no bytes. Send the whole file.");

    public static string Name(ImageFormat format) => format switch
    {
        ImageFormat.WebP => "WebP",
        ImageFormat.JpegXl => "JPEG XL",
        _ => format.ToString().ToUpperInvariant(),
    };

    private static string Extension(ImageFormat format) => format == ImageFormat.JpegXl ? "jxl" : Name(format).ToLowerInvariant();
}
