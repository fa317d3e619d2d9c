namespace Blip.Checkpoints;

/// <summary>
/// The vision transformer's positions for images of another size than the weights were trained with. They are resized as transformers'
/// <c>interpolate_pos_encoding</c> does it: the class token's position is kept, and the grid of the patches' positions is resized as
/// PyTorch's bicubic interpolation does it, without aligned corners and without antialiasing.
/// </summary>
internal static class PositionEmbeddings
{
    private const string Name = "vision_model.embeddings.position_embedding";

    private const string Patches = "vision_model.embeddings.patch_embedding.weight";

    // PyTorch's coefficient. Pillow, which resizes the images, has -0.5.
    private const double Sharpness = -0.75;

    /// <summary>Makes the positions fit the images. Nothing is changed where they do.</summary>
    /// <param name="tensors">The checkpoint's tensors.</param>
    /// <param name="vision">The sizes, with the size that images are to have.</param>
    /// <param name="isAsked">Whether the user gave that size, so that it may differ from the weights'.</param>
    /// <exception cref="BlipModelException">The positions are of another size, and nobody asked for that.</exception>
    public static void Fit(Dictionary<string, CheckpointTensor> tensors, BlipVisionConfig vision, bool isAsked)
    {
        int width = vision.HiddenSize, grid = vision.ImageSize / vision.PatchSize;
        if (!tensors.TryGetValue(Name, out CheckpointTensor? stored) || stored.Shape is not [1, > 1, _] || stored.Shape[2] != width)
            return;
        int side = (int)Math.Round(Math.Sqrt(stored.Shape[1] - 1));
        if (side == grid || (side * (long)side) + 1 != stored.Shape[1])
            return;
        if (!isAsked)
        {
            // Patches of another size are told as what they are.
            if (tensors.TryGetValue(Patches, out CheckpointTensor? patches) && patches.Shape[^1] != vision.PatchSize)
                return;
            throw new BlipModelException(
                $"The weights in {stored.File} are for images of {side * vision.PatchSize} pixels ({side} x {side} patches), but " +
                $"{BlipConfig.FileName} says {vision.ImageSize}. Use files of the same model, or ask for an image size: " +
                $"{side * vision.PatchSize} for what the weights were made with (BlipOptions.ImageSize, --image-size).");
        }
        tensors[Name] = stored.Derive([1, vision.TokenCount, width], destination => Resize(stored.Copy(), side, destination, grid, width));
    }

    /// <summary>Resizes the class token's position [width] and the patches' [side, side, width], which follow it.</summary>
    public static void Resize(ReadOnlySpan<float> source, int side, Span<float> destination, int grid, int width)
    {
        source[..width].CopyTo(destination);
        (int[] places, double[] weights) = Taps(side, grid);
        double[] row = new double[side * width];
        for (int y = 0; y < grid; y++)
        {
            Array.Clear(row);
            for (int tap = y * 4; tap < (y * 4) + 4; tap++)
                Add(source.Slice((1 + (places[tap] * side)) * width, row.Length), weights[tap], row);
            for (int x = 0; x < grid; x++)
            {
                Span<float> target = destination.Slice((1 + (y * grid) + x) * width, width);
                for (int i = 0; i < width; i++)
                {
                    double sum = 0;
                    for (int tap = x * 4; tap < (x * 4) + 4; tap++)
                        sum += weights[tap] * row[(places[tap] * width) + i];
                    target[i] = (float)sum;
                }
            }
        }

        static void Add(ReadOnlySpan<float> values, double weight, double[] sums)
        {
            for (int i = 0; i < sums.Length; i++)
                sums[i] += weight * values[i];
        }
    }

    /// <summary>The four places that each place of the new side is mixed of, and their shares; the nearest for those outside.</summary>
    private static (int[] Places, double[] Weights) Taps(int from, int to)
    {
        int[] places = new int[to * 4];
        double[] weights = new double[to * 4];
        for (int i = 0; i < to; i++)
        {
            double center = ((i + 0.5) * from / to) - 0.5, first = Math.Floor(center);
            for (int tap = 0; tap < 4; tap++)
            {
                places[(i * 4) + tap] = Math.Clamp((int)first - 1 + tap, 0, from - 1);
                weights[(i * 4) + tap] = Weight(Math.Abs(center - (first - 1 + tap)));
            }
        }
        return (places, weights);
    }

    private static double Weight(double distance) => distance <= 1
        ? ((((Sharpness + 2) * distance) - (Sharpness + 3)) * distance * distance) + 1
        : ((((Sharpness * distance) - (5 * Sharpness)) * distance) + (8 * Sharpness)) * distance - (4 * Sharpness);
}
