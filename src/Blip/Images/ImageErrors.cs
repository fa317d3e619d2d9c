namespace Blip.Images;

/// <summary>The errors of broken images and of other files.</summary>
internal static class ImageErrors
{
    private const string Supported = "Blip reads JPEG, PNG, GIF, WebP and BMP";

    public static BlipException Truncated(ImageFormat format)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is truncated: the end of the file is missing. Send the whole file.");

    public static BlipException Corrupt(ImageFormat format, string what)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is corrupt: {what}. Use another copy of it.");

    public static BlipException Unsupported(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not supported. {Supported}. Convert it first, for example with ImageMagick.");

    public static BlipException NotAnImage(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not an image. {Supported}.");

    public static BlipException Empty() => new(BlipErrorCode.ImageCorrupt, "The image is empty: it has no bytes. Send the whole file.");

    public static string Name(ImageFormat format) => format switch
    {
        ImageFormat.WebP => "WebP",
        _ => format.ToString().ToUpperInvariant(),
    };
}
