namespace Blip.ImageSharp.Checks;

/// <summary>The error for an undamaged image that ImageSharp does not read, or not as all other decoders do.</summary>
internal static class Refusal
{
    /// <param name="what">The kind of image, as the start of a sentence: "An interlaced PNG".</param>
    public static BlipException Of(string what) => new(
        BlipErrorCode.UnsupportedImage,
        $"{what} is not supported by the decoder ImageSharp, which was chosen here. Skia, the default decoder, reads it. "
        + "Decode with Skia, or convert the image to a plain JPEG or PNG.");
}
