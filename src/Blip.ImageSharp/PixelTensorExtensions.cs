using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace Blip.ImageSharp;

/// <summary>Writes the input of a model as an image that people can view.</summary>
public static class PixelTensorExtensions
{
    /// <summary>Writes the pixels as a PNG file.</summary>
    /// <param name="pixels">The pixels. They are not disposed.</param>
    /// <param name="stream">The stream that gets the file. It stays open.</param>
    /// <exception cref="ObjectDisposedException">The pixels were disposed.</exception>
    public static void WritePng(this PixelTensor pixels, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(stream);
        using Image<Rgb24> image = Image.LoadPixelData<Rgb24>(pixels.Memory.Span, pixels.Width, pixels.Height);
        image.SaveAsPng(stream);
    }
}
