using Blip.Images;
using Blip.ImageSharp;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;

namespace Blip.Cli.Evaluation;

/// <summary>Small images for the report, as data URIs.</summary>
internal static class Thumbnail
{
    private const int LongestSide = 200, Quality = 75, FirstTurned = 5;

    /// <exception cref="BlipException">The image cannot be read.</exception>
    public static string Create(BlipImage image, CancellationToken cancellationToken)
    {
        ImageHeader header = image.ReadHeader();
        (int width, int height) = header.Orientation >= FirstTurned ? (header.Height, header.Width) : (header.Width, header.Height);
        double scale = Math.Min(1.0, LongestSide / (double)Math.Max(width, height));
        ImagePreprocessor resize = new(Math.Max(1, (int)(width * scale)), Math.Max(1, (int)(height * scale)));
        using PixelTensor pixels = resize.Process(image, cancellationToken);
        using Image<Rgb24> small = Image.LoadPixelData<Rgb24>(pixels.Memory.Span, pixels.Width, pixels.Height);
        using MemoryStream jpeg = new();
        small.SaveAsJpeg(jpeg, new JpegEncoder { Quality = Quality });
        return DataUri("image/jpeg", jpeg);
    }

    /// <summary>The image with what the question looked at.</summary>
    /// <exception cref="BlipException">The image cannot be read, or the question cannot be asked.</exception>
    public static async Task<string> ExplainAsync(
        BlipModel model, BlipImage image, string question, CancellationToken cancellationToken)
    {
        Answer answer = await model.AskAsync(image, question, new AskOptions { Explain = true }, cancellationToken);
        using MemoryStream png = new();
        answer.Evidence!.WritePng(image, png, LongestSide, cancellationToken: cancellationToken);
        return DataUri("image/png", png);
    }

    private static string DataUri(string type, MemoryStream file) =>
        $"data:{type};base64,{Convert.ToBase64String(file.GetBuffer(), 0, (int)file.Length)}";
}
