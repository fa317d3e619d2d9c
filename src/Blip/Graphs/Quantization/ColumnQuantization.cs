namespace Blip.Graphs;

/// <summary>
/// Symmetric weights in 7 or 8 bits with one scale for each output, for products of many rows: int8 [inputs, outputs]. This is the form of
/// ONNX Runtime's MatMulIntegerToFloat. If a layer norm comes before the product, its channels are balanced first: a channel with large
/// activations gets smaller activations and larger weights. Then one scale for all activations loses less precision.
/// </summary>
internal static class ColumnQuantization
{
    // 2 x 255 x 63 fits into 16 bits, 2 x 255 x 127 does not.
    private static readonly float Largest = (1 << (Bits - 1)) - 1;

    /// <summary>The largest value of a normalised channel is taken to be this number of standard deviations.</summary>
    private const float Deviations = 3;

    /// <summary>The bits of a weight: 8, or 7 where the processor keeps sums of two products in 16 bits.</summary>
    public static int Bits => ByteProducts.AreExact ? 8 : 7;

    /// <summary>The scales [outputs] for rows of a matrix [outputs, inputs] whose columns are multiplied by a balance [inputs].</summary>
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

    /// <summary>The values [inputs, outputs] for rows of a matrix [outputs, inputs] whose columns are multiplied by a balance.</summary>
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
    /// The balance [inputs] between a layer norm and the matrix [outputs, inputs] after it. The factor of a channel is
    /// √((|β| + 3|γ|) / max|W|). γ and β are divided by it, and the channel's column of the matrix is multiplied by it.
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
