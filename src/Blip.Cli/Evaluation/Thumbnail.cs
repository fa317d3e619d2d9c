using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;

namespace Blip.Cli.Evaluation;

/// <summary>Small images for the report, as data URIs.</summary>
internal static class Thumbnail
{
    private const int LongestSide = 200, Quality = 75, FirstTurned = 5;

    /// <exception cref="BlipException">The image cannot be read.</exception>
    public static async Task<string> CreateAsync(ImageReader reader, string image, CancellationToken cancellationToken)
    {
        BlipImage read = await reader.ReadAsync(image, cancellationToken);
        ImageHeader header = read.ReadHeader();
        (int width, int height) = header.Orientation >= FirstTurned ? (header.Height, header.Width) : (header.Width, header.Height);
        double scale = Math.Min(1.0, LongestSide / (double)Math.Max(width, height));
        ImagePreprocessor resize = new(Math.Max(1, (int)(width * scale)), Math.Max(1, (int)(height * scale)));
        using PixelTensor pixels = resize.Process(read, cancellationToken);
        using Image<Rgb24> small = Image.LoadPixelData<Rgb24>(pixels.Memory.Span, pixels.Width, pixels.Height);
        using MemoryStream jpeg = new();
        small.SaveAsJpeg(jpeg, new JpegEncoder { Quality = Quality });
        return $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg.GetBuffer(), 0, (int)jpeg.Length)}";
    }
}
