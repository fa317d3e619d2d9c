namespace Blip.Graphs;

/// <summary>
/// Weights in 8 bits, symmetric, with one scale an output, for products of many rows: int8 [inputs, outputs], the form of ONNX
/// Runtime's MatMulIntegerToFloat. Where a layer norm feeds the product, channels are balanced first: what is large in the
/// activations is made smaller there and larger in the weights, so that one scale for all activations loses less.
/// </summary>
internal static class ColumnQuantization
{
    private const float Largest = 127;

    /// <summary>How many standard deviations of a normalised channel are taken for its largest value.</summary>
    private const float Deviations = 3;

    /// <summary>The scales [outputs] of rows of a matrix [outputs, inputs], its columns times <paramref name="balance"/>.</summary>
    public static float[] Scales(ReadOnlySpan<float> weight, int inputs, float[]? balance)
    {
        float[] scales = new float[weight.Length / inputs];
        for (int output = 0; output < scales.Length; output++)
        {
            float largest = 0;
            for (int i = 0; i < inputs; i++)
                largest = MathF.Max(largest, MathF.Abs(weight[(output * inputs) + i] * (balance?[i] ?? 1)));
            scales[output] = largest == 0 ? 1 : largest / Largest;
        }
        return scales;
    }

    /// <summary>The values [inputs, outputs] of rows of a matrix [outputs, inputs], its columns times <paramref name="balance"/>.</summary>
    public static sbyte[] Values(float[] weight, int firstRow, int outputs, int inputs, float[]? balance)
    {
        float[] scales = Scales(weight.AsSpan(firstRow * inputs, outputs * inputs), inputs, balance);
        sbyte[] values = new sbyte[inputs * outputs];
        Parallel.For(0, inputs, i =>
        {
            float factor = balance?[i] ?? 1;
            for (int output = 0; output < outputs; output++)
                values[(i * outputs) + output] = (sbyte)MathF.Round(weight[((firstRow + output) * inputs) + i] * factor / scales[output]);
        });
        return values;
    }

    /// <summary>
    /// The factor of each channel between a layer norm and the matrix [outputs, inputs] that it feeds:
    /// √((|β| + 3|γ|) / max|W|), by which γ and β are divided and the matrix's column is multiplied.
    /// </summary>
    public static float[] Balance(float[] gamma, float[] beta, float[] weight)
    {
        int inputs = gamma.Length;
        float[] balance = new float[inputs];
        for (int row = 0; row < weight.Length; row += inputs)
        {
            for (int i = 0; i < inputs; i++)
                balance[i] = MathF.Max(balance[i], MathF.Abs(weight[row + i]));
        }
        for (int i = 0; i < inputs; i++)
        {
            float activation = MathF.Abs(beta[i]) + (Deviations * MathF.Abs(gamma[i]));
            balance[i] = activation == 0 || balance[i] == 0 ? 1 : MathF.Sqrt(activation / balance[i]);
        }
        return balance;
    }
}
