using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Blip.Cli.Bench;

/// <summary>Where the time of a model's passes goes, beside the least that they could take on this machine.</summary>
internal sealed class ProfileResult(BlipModelInfo model)
{
    /// <summary>The speed of a large matrix product, in billions of operations per second.</summary>
    public Samples MatrixGflops { get; } = new();

    /// <summary>The same for a product of bytes.</summary>
    public Samples MatrixInt8Gops { get; } = new();

    /// <summary>The speed of reading memory, in billions of bytes per second.</summary>
    public Samples MemoryGigabytes { get; } = new();

    public List<PassProfile> Passes { get; } = [];

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", model.Name);
        json.WriteString("precision", model.Precision);
        json.WriteNumber("matrix_peak_gflops", Math.Round(MatrixGflops.Largest, 1));
        json.WriteNumber("matrix_peak_int8_gops", Math.Round(MatrixInt8Gops.Largest, 1));
        json.WriteNumber("memory_gb_per_s", Math.Round(MemoryGigabytes.Largest, 1));
        json.WriteStartArray("passes");
        foreach (PassProfile pass in Passes)
        {
            json.WriteStartObject();
            json.WriteString("network", pass.Network);
            json.WriteString("shape", pass.Shape);
            json.WriteNumber("passes", pass.Passes);
            json.WriteNumber("ms", Math.Round(pass.Milliseconds, 2));
            json.WriteNumber("products_floor_ms", Math.Round(ProductFloor(pass), 2));
            json.WriteNumber("weights_floor_ms", Math.Round(WeightFloor(pass), 2));
            json.WriteStartArray("operators");
            foreach ((string name, int count, double milliseconds) in pass.Operators)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteNumber("count", count);
                json.WriteNumber("ms", Math.Round(milliseconds, 3));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public override string ToString()
    {
        StringBuilder text = new();
        Line($"{ModelOptions.Describe(model)}; {Environment.ProcessorCount} cores");
        Line($"peaks: products {MatrixGflops.Largest:0} GFLOPS in fp32, {MatrixInt8Gops.Largest:0} GOPS in int8; memory {
            MemoryGigabytes.Largest:0.0} GB/s");
        Line($"Profiling makes passes slower, by up to a third for few rows. The shares are right; for times use blip bench.");
        foreach (PassProfile pass in Passes)
        {
            Line($"");
            Line($"{pass.Network + " " + pass.Shape,-34}{pass.Milliseconds,9:0.00} ms, mean of {pass.Passes}; floors: products {
                ProductFloor(pass):0.00} ms, weights {WeightFloor(pass):0.00} ms");
            foreach ((string name, int count, double milliseconds) in pass.Operators.Where(one => one.Milliseconds >= 0.01))
                Line($"  {name,-26}{(count > 0 ? count : ""),6}{milliseconds,9:0.00} ms{milliseconds / pass.Milliseconds,8:0 %}");
        }
        return text.ToString().TrimEnd();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private double ProductFloor(PassProfile pass) => pass.ProductFloor(MatrixGflops.Largest, MatrixInt8Gops.Largest);

    private double WeightFloor(PassProfile pass) => pass.WeightFloor(MemoryGigabytes.Largest);
}
