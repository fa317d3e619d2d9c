namespace Blip.Images;

internal static class ImageErrors
{
    private const string Readable = "JPEG, PNG, GIF, WebP and BMP are read";

    public static BlipException Truncated(ImageFormat format)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is truncated: the data ends before the image does. Send the whole file.");

    public static BlipException Corrupt(ImageFormat format, string what)
        => new(BlipErrorCode.ImageCorrupt, $"The {Name(format)} image is corrupt: {what}. Use another copy of it.");

    public static BlipException Unsupported(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not supported: {Readable}. Convert it first.");

    public static BlipException NotAImage(string what)
        => new(BlipErrorCode.UnsupportedImage, $"{what} is not an image: {Readable}.");

    public static BlipException Empty() => new(BlipErrorCode.ImageCorrupt, "The image is empty: it has no bytes. Send the whole file.");

    public static string Name(ImageFormat format) => format switch
    {
        ImageFormat.WebP => "WebP",
        _ => format.ToString().ToUpperInvariant(),
    };
}
