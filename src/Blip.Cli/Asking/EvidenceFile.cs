using Blip.Images;
using Blip.ImageSharp;

namespace Blip.Cli.Asking;

/// <summary>Writes where a question looked as a PNG file.</summary>
internal static class EvidenceFile
{
    /// <summary>Writes the image with the evidence over it.</summary>
    /// <param name="path">The file, which is replaced in one step.</param>
    /// <param name="image">The image that was asked about.</param>
    /// <param name="evidence">The answer's evidence.</param>
    /// <param name="options">How the image is read.</param>
    public static void Write(string path, BlipImage image, Evidence evidence, ImageOptions options)
    {
        string partial = PartialOutput.Beside(path);
        try
        {
            using (FileStream file = File.Create(partial))
                evidence.WritePng(image, file, options: options);
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
