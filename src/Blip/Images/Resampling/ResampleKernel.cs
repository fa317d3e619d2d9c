namespace Blip.Images;

/// <summary>
/// The source pixels of each target pixel along one axis, and their weights. It is Pillow's bicubic filter (a = -0.5), made wider by the
/// scale when the image gets smaller. Weights are normalised in double precision and rounded to fixed point. All numbers are equal to
/// those of Pillow.
/// </summary>
internal sealed class ResampleKernel
{
    /// <summary>The number of fraction bits of a weight.</summary>
    public const int Precision = 22;

    private readonly int[] _starts;
    private readonly int[] _counts;
    private readonly int[] _weights;

    public ResampleKernel(int from, int to)
    {
        double scale = (double)from / to;
        double widened = Math.Max(scale, 1);
        double support = 2 * widened;
        Taps = Math.Min(((int)Math.Ceiling(support) * 2) + 1, from);
        Length = to;
        _starts = new int[to];
        _counts = new int[to];
        _weights = new int[to * Taps];

        double[] row = new double[Taps];
        for (int i = 0; i < to; i++)
        {
            double center = (i + 0.5) * scale;
            int start = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Min((int)(center + support + 0.5), from) - start;
            double sum = 0;
            for (int k = 0; k < count; k++)
                sum += row[k] = Bicubic((k + start - center + 0.5) * (1 / widened));
            for (int k = 0; k < count; k++)
                _weights[(i * Taps) + k] = Fixed(sum == 0 ? row[k] : row[k] / sum);
            (_starts[i], _counts[i]) = (start, count);
        }
    }

    /// <summary>The number of target pixels.</summary>
    public int Length { get; }

    /// <summary>The maximum number of source pixels of a target pixel.</summary>
    public int Taps { get; }

    public int Start(int target) => _starts[target];

    /// <summary>The index after the last source pixel of a target pixel.</summary>
    public int End(int target) => _starts[target] + _counts[target];

    public ReadOnlySpan<int> Weights(int target) => _weights.AsSpan(target * Taps, _counts[target]);

    private static int Fixed(double weight)
    {
        const double One = 1 << Precision;
        return (int)((weight * One) + (weight < 0 ? -0.5 : 0.5));
    }

    private static double Bicubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * A
            : 0;
    }
}
