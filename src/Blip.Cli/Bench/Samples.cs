namespace Blip.Cli.Bench;

/// <summary>Measured values of one kind, and their statistics.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public bool IsFilled => _values.Count > 0;

    public double Median => Quantile(0.5);

    /// <summary>The 95th percentile. With fewer than 20 values it is the largest value.</summary>
    public double P95 => Quantile(0.95);

    public double Largest => Quantile(1);

    public void Add(double value) => _values.Add(value);

    private double Quantile(double share)
    {
        double[] sorted = [.. _values.Order()];
        return sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
    }
}
