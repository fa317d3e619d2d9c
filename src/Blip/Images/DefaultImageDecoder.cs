namespace Blip.Images;

/// <summary>
/// The decoder of the package Blip.Skia. The core has none of its own and finds this one by its name, so that an application that brings
/// another decoder need not carry Skia.
/// </summary>
internal static class DefaultImageDecoder
{
    /// <exception cref="BlipException"><see cref="BlipErrorCode.PackageMissing"/>.</exception>
    public static IImageDecoder Create() =>
        Type.GetType("Blip.Skia.SkiaImageDecoder, Blip.Skia") is { } type
            ? (IImageDecoder)Activator.CreateInstance(type)!
            : throw new BlipException(BlipErrorCode.PackageMissing,
                "There is no image decoder. Add the package Blip.Skia to the application, or give a decoder of your own when you load the model.");
}
