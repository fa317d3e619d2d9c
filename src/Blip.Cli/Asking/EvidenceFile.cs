using Blip.Images;
using Blip.ImageSharp;

namespace Blip.Cli.Asking;

/// <summary>Writes where a question looked as a PNG file.</summary>
internal static class EvidenceFile
{
    /// <summary>The longer side of the picture at most: enough to see a grid of some dozen cells.</summary>
    private const int MaxSide = 1600;

    /// <summary>Writes the image with the evidence over it.</summary>
    /// <param name="path">The file, which is replaced in one step.</param>
    /// <param name="image">The image that was asked about.</param>
    /// <param name="evidence">The answer's evidence.</param>
    /// <param name="options">How the image is read.</param>
    public static void Write(string path, BlipImage image, Evidence evidence, ImageOptions options)
    {
        ImageHeader header = image.ReadHeader(options.Limits);
        // From 5 on the camera lay on its side.
        (int width, int height) = options.Orientation == ImageOrientation.Apply && header.Orientation >= 5
            ? (header.Height, header.Width) : (header.Width, header.Height);
        double scale = Math.Min(1, (double)MaxSide / Math.Max(width, height));
        ImagePreprocessor preprocessor = new(Scaled(width), Scaled(height), options);
        using PixelTensor pixels = preprocessor.Process(image);
        string partial = PartialOutput.Beside(path);
        try
        {
            using (FileStream file = File.Create(partial))
                evidence.WritePng(pixels, file);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }

        int Scaled(int side) => Math.Max(1, (int)Math.Round(side * scale));
    }
}
