namespace Blip.Images;

/// <summary>
/// Creates the decoder of the package Blip.Skia. The core package has no decoder and finds this one by its type name. So an application
/// with another decoder does not need Skia.
/// </summary>
internal static class DefaultImageDecoder
{
    /// <exception cref="BlipException">The package is missing (<see cref="BlipErrorCode.PackageMissing"/>).</exception>
    public static IImageDecoder Create() =>
        Type.GetType("Blip.Skia.SkiaImageDecoder, Blip.Skia") is { } type
            ? (IImageDecoder)Activator.CreateInstance(type)!
            : throw new BlipException(BlipErrorCode.PackageMissing,
                "There is no image decoder. Add the package Blip.Skia to the application, "
                + "or give a decoder of your own when you load the model.");
}
