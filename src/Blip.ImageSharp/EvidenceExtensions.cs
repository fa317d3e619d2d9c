using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace Blip.ImageSharp;

/// <summary>Shows where a question looked.</summary>
public static class EvidenceExtensions
{
    /// <summary>How bright a value becomes: what is two thirds as strong as the strongest is as bright.</summary>
    private const float Gain = 1.6f;

    /// <summary>Writes an image as a PNG file with the evidence over it, in its own size or smaller.</summary>
    /// <param name="evidence">The evidence, of this image.</param>
    /// <param name="image">The image that was asked about.</param>
    /// <param name="stream">The stream that gets the file. It stays open.</param>
    /// <param name="maxSide">The longer side of the file's image at most, in pixels, 1 to 16,384.</param>
    /// <param name="options">How images are read; <see langword="null"/> for the defaults.</param>
    /// <param name="decoder">The decoder; <see langword="null"/> for the one in the package Blip.Skia.</param>
    /// <param name="cancellationToken">Stops decoding.</param>
    /// <exception cref="ArgumentOutOfRangeException">The side is out of range.</exception>
    /// <exception cref="BlipException">The image cannot be read, or has frames.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void WritePng(
        this Evidence evidence, BlipImage image, Stream stream, int maxSide = 1600, ImageOptions? options = null,
        IImageDecoder? decoder = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        options ??= new ImageOptions();
        ImageHeader header = image.ReadHeader(options.Limits, decoder);
        // From 5 on, width and height are exchanged.
        (int width, int height) = options.Orientation == ImageOrientation.Apply && header.Orientation >= 5
            ? (header.Height, header.Width) : (header.Width, header.Height);
        double scale = Math.Min(1, (double)maxSide / Math.Max(width, height));
        using PixelTensor pixels =
            new ImagePreprocessor(Scaled(width), Scaled(height), options, decoder).Process(image, cancellationToken);
        evidence.WritePng(pixels, stream);

        int Scaled(int side) => Math.Max(1, (int)Math.Round(side * scale));
    }

    /// <summary>
    /// Writes an image as a PNG file with the evidence over it: the parts that were looked at are bright, the rest is dark. Pixels are
    /// blended, nothing is drawn.
    /// </summary>
    /// <param name="evidence">The evidence, of this image.</param>
    /// <param name="pixels">The whole image in any size. It is not changed, and not disposed.</param>
    /// <param name="stream">The stream that gets the file. It stays open.</param>
    /// <exception cref="ObjectDisposedException">The pixels were disposed.</exception>
    public static void WritePng(this Evidence evidence, PixelTensor pixels, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(stream);
        using Image<Rgb24> image = Image.LoadPixelData<Rgb24>(pixels.Memory.Span, pixels.Width, pixels.Height);
        image.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                Span<Rgb24> row = rows.GetRowSpan(y);
                float v = ((y + 0.5f) / rows.Height * evidence.Rows) - 0.5f;
                for (int x = 0; x < row.Length; x++)
                    row[x] = Blend(row[x], Math.Min(1, Gain * At(evidence, ((x + 0.5f) / row.Length * evidence.Columns) - 0.5f, v)));
            }
        });
        image.SaveAsPng(stream);
    }

    /// <summary>The value at a place between the middles of cells.</summary>
    private static float At(Evidence evidence, float x, float y)
    {
        x = Math.Clamp(x, 0, evidence.Columns - 1);
        y = Math.Clamp(y, 0, evidence.Rows - 1);
        int left = (int)x, top = (int)y, right = Math.Min(left + 1, evidence.Columns - 1), bottom = Math.Min(top + 1, evidence.Rows - 1);
        float above = float.Lerp(Value(left, top), Value(right, top), x - left);
        return float.Lerp(above, float.Lerp(Value(left, bottom), Value(right, bottom), x - left), y - top);

        float Value(int column, int row) => evidence.Values[(row * evidence.Columns) + column];
    }

    /// <summary>From a dark veil for low values to a thin orange one for high values.</summary>
    private static Rgb24 Blend(Rgb24 pixel, float heat)
    {
        float share = 0.6f - (0.3f * heat);
        return new Rgb24(
            (byte)float.Lerp(pixel.R, 8 + (247 * heat), share), (byte)float.Lerp(pixel.G, 14 + (100 * heat), share),
            (byte)float.Lerp(pixel.B, 30 - (10 * heat), share));
    }
}
