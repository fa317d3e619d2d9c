using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace Blip.ImageSharp;

/// <summary>Writes what a model sees, for people.</summary>
public static class PixelTensorExtensions
{
    /// <summary>Writes the pixels as a PNG file.</summary>
    /// <param name="pixels">The pixels; not disposed.</param>
    /// <param name="stream">Where to; stays open.</param>
    public static void WritePng(this PixelTensor pixels, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(stream);
        using Image<Rgb24> image = Image.LoadPixelData<Rgb24>(pixels.Memory.Span, pixels.Width, pixels.Height);
        image.SaveAsPng(stream);
    }
}
