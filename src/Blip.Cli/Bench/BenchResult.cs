using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Cli.Bench;

/// <summary>The throughput under one load.</summary>
/// <param name="Concurrency">How many calls run at the same time.</param>
/// <param name="Batch">How many questions a call asks about its image.</param>
/// <param name="ImagesPerSecond">Images per second.</param>
/// <param name="QuestionsPerSecond">Questions per second.</param>
internal sealed record Throughput(int Concurrency, int Batch, double ImagesPerSecond, double QuestionsPerSecond);

/// <summary>The results of <c>blip bench</c>: times in milliseconds, unless the name has another unit.</summary>
internal sealed class BenchResult
{
    public required BlipModelInfo Model { get; init; }

    public Samples Decode { get; } = new();

    public Samples Resize { get; } = new();

    public Samples Vision { get; } = new();

    public Samples Question { get; } = new();

    public Samples Search { get; } = new();

    public Samples First { get; } = new();

    public Samples Next { get; } = new();

    public Samples Sixteen { get; } = new();

    public Samples Start { get; } = new();

    /// <summary>The speed of the matrix product between the rounds, in billions of operations per second.</summary>
    public Samples MatrixGflops { get; } = new();

    /// <summary>The same for a matrix product of bytes. Only an int8 model measures it.</summary>
    public Samples MatrixInt8Gops { get; } = new();

    public List<Throughput> Throughputs { get; } = [];

    /// <summary>Asking about many images; only where it was asked for, and then nothing else is measured.</summary>
    public IReadOnlyList<BulkThroughput> Bulk { get; init; } = [];

    /// <summary>The peak of the process's memory up to the first answer, or of <see cref="Bulk"/>, in bytes.</summary>
    public long PeakBytes { get; set; }

    /// <summary>
    /// Whether the speed of the same matrix product varied a lot. Then the machine did other work too, and it can be faster than the
    /// results say.
    /// </summary>
    public bool IsNoisy => MatrixGflops.Largest > 1.25 * MatrixGflops.Median;

    private (string Name, Samples Samples)[] Stages =>
        [("decode", Decode), ("resize", Resize), ("vision", Vision), ("question", Question), ("search", Search)];

    private (string Name, Samples Samples)[] Latencies =>
        [("first_question_ms", First), ("next_question_ms", Next), ("sixteen_questions_ms", Sixteen)];

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", Model.Name);
        json.WriteString("device", Model.Device);
        json.WriteString("precision", Model.Precision);
        json.WriteStartObject("machine");
        json.WriteNumber("cores", Environment.ProcessorCount);
        json.WriteString("os", RuntimeInformation.OSDescription);
        json.WriteString("architecture", RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteString("onnxruntime", OrtEnv.Instance().GetVersionString());
        if (MatrixGflops.IsFilled)
            json.WriteNumber("matrix_peak_gflops", Math.Round(MatrixGflops.Largest, 1));
        if (MatrixInt8Gops.IsFilled)
            json.WriteNumber("matrix_peak_int8_gops", Math.Round(MatrixInt8Gops.Largest, 1));
        if (MatrixGflops.IsFilled)
            json.WriteBoolean("noisy", IsNoisy);
        json.WriteEndObject();
        if (Bulk.Count > 0)
            WriteBulk(json);
        else
            WriteAll(json);
        json.WriteEndObject();
    }

    private void WriteAll(Utf8JsonWriter json)
    {
        json.WriteStartObject("stages_ms");
        foreach ((string name, Samples samples) in Stages)
            json.WriteNumber(name, Math.Round(samples.Median, 2));
        json.WriteEndObject();
        foreach ((string name, Samples samples) in Latencies)
        {
            json.WriteStartObject(name);
            json.WriteNumber("median", Math.Round(samples.Median, 2));
            json.WriteNumber("p95", Math.Round(samples.P95, 2));
            json.WriteEndObject();
        }
        json.WriteStartArray("throughput");
        foreach (Throughput throughput in Throughputs)
        {
            json.WriteStartObject();
            json.WriteNumber("concurrency", throughput.Concurrency);
            json.WriteNumber("batch", throughput.Batch);
            json.WriteNumber("images_per_s", Math.Round(throughput.ImagesPerSecond, 2));
            json.WriteNumber("questions_per_s", Math.Round(throughput.QuestionsPerSecond, 2));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("start_to_first_answer_ms", Math.Round(Start.Median));
        WritePeak(json);
    }

    private void WriteBulk(Utf8JsonWriter json)
    {
        json.WriteStartArray("bulk");
        foreach (BulkThroughput bulk in Bulk)
        {
            json.WriteStartObject();
            json.WriteNumber("questions", bulk.Questions);
            json.WriteNumber("images_per_s", Math.Round(bulk.ImagesPerSecond, 2));
            json.WriteNumber("network_images_per_s", Math.Round(bulk.NetworkImagesPerSecond, 2));
            json.WriteNumber("share", Math.Round(bulk.Share, 3));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WritePeak(json);
    }

    private void WritePeak(Utf8JsonWriter json) => json.WriteNumber("peak_rss_mb", Math.Round(PeakBytes / 1e6));

    private string DescribeBulk()
    {
        StringBuilder text = new(ModelOptions.Describe(Model) + Environment.NewLine);
        text.Append(CultureInfo.InvariantCulture, $"{"questions an image",-20}{"images/s",12}{"the networks alone",22}{"share",10}");
        foreach ((int questions, double images, double network, double share) in Bulk)
        {
            text.AppendLine();
            text.Append(CultureInfo.InvariantCulture, $"{questions,-20}{images,12:0.00}{network,22:0.00}{share,10:0.00}");
        }
        text.AppendLine().AppendLine();
        text.Append(CultureInfo.InvariantCulture, $"{"peak memory",-20}{PeakBytes / 1e6,12:0} MB");
        return text.ToString();
    }

    public override string ToString()
    {
        if (Bulk.Count > 0)
            return DescribeBulk();
        StringBuilder text = new();
        string int8 = MatrixInt8Gops.IsFilled
            ? string.Create(CultureInfo.InvariantCulture, $" in fp32, {MatrixInt8Gops.Largest:0} GOPS in int8")
            : "";
        Line($"{ModelOptions.Describe(Model)}; {Environment.ProcessorCount} cores, matrix peak {MatrixGflops.Largest:0} GFLOPS{int8}");
        if (IsNoisy)
        {
            Line($"THIS MACHINE IS NOISY: one matrix multiplication ran at {MatrixGflops.Median:0} to {MatrixGflops.Largest:0} GFLOPS.");
            Line($"Measure again when no other program is busy.");
        }
        Line($"");
        Line($"{"stage",-36}{"median ms",12}");
        foreach ((string name, Samples samples) in Stages)
            Line($"{name,-36}{samples.Median,12:0.0}");
        Line($"");
        Line($"{"latency",-36}{"median ms",12}{"p95 ms",12}");
        Line($"{"first question on an image",-36}{First.Median,12:0.0}{First.P95,12:0.0}");
        Line($"{"next question on it",-36}{Next.Median,12:0.0}{Next.P95,12:0.0}");
        Line($"{"16 questions on it in one call",-36}{Sixteen.Median,12:0.0}{Sixteen.P95,12:0.0}");
        Line($"{"process start to first answer",-36}{Start.Median,12:0.0}{Start.P95,12:0.0}");
        Line($"");
        Line($"{"calls at once",-18}{"questions a call",18}{"images/s",12}{"questions/s",12}");
        foreach (Throughput throughput in Throughputs)
        {
            (int concurrency, int batch, double images, double questions) = throughput;
            Line($"{concurrency,-18}{batch,18}{images,12:0.00}{questions,12:0.00}");
        }
        Line($"");
        text.Append(CultureInfo.InvariantCulture, $"{"peak memory until the first answer",-36}{PeakBytes / 1e6,12:0} MB");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
