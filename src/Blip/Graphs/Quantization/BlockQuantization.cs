using System.Numerics.Tensors;

namespace Blip.Graphs;

/// <summary>
/// Symmetric weights in 8 bits, with one scale for every <see cref="Block"/> consecutive inputs of an output. This is the form of ONNX
/// Runtime's MatMulNBits, whose zero point is 128. The last block of a row is padded with zeros.
/// </summary>
internal static class BlockQuantization
{
    public const int Block = 128;

    private const int ZeroPoint = 128;
    private const float Largest = 127;

    /// <summary>The scales [outputs, blocks] of a matrix [outputs, inputs].</summary>
    public static float[] Scales(float[] weight, int outputs, int inputs)
    {
        int blocks = (inputs + Block - 1) / Block;
        float[] scales = new float[outputs * blocks];
        Parallel.For(0, outputs, row =>
        {
            for (int block = 0; block < blocks; block++)
                scales[(row * blocks) + block] = Scale(BlockOf(weight, row, inputs, block));
        });
        return scales;
    }

    /// <summary>The values [outputs, blocks, <see cref="Block"/>] of a matrix [outputs, inputs].</summary>
    public static byte[] Values(float[] weight, int outputs, int inputs)
    {
        int blocks = (inputs + Block - 1) / Block;
        byte[] values = new byte[outputs * blocks * Block];
        Parallel.For(0, outputs, row =>
        {
            for (int block = 0; block < blocks; block++)
            {
                ReadOnlySpan<float> source = BlockOf(weight, row, inputs, block);
                Span<byte> target = values.AsSpan(((row * blocks) + block) * Block, Block);
                float inverse = 1 / Scale(source);
                for (int i = 0; i < source.Length; i++)
                    target[i] = (byte)(ZeroPoint + (int)MathF.Round(source[i] * inverse));
                target[source.Length..].Fill(ZeroPoint);
            }
        });
        return values;
    }

    private static ReadOnlySpan<float> BlockOf(float[] weight, int row, int inputs, int block) =>
        weight.AsSpan((row * inputs) + (block * Block), Math.Min(Block, inputs - (block * Block)));

    private static float Scale(ReadOnlySpan<float> block)
    {
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(block));
        // For a block of zeros any scale is right.
        return largest == 0 ? 1 : largest / Largest;
    }
}
