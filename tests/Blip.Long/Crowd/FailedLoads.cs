using System.Runtime.InteropServices;
using Blip.Checkpoints;

namespace Blip.Long.Crowd;

/// <summary>
/// Loads that fail half way through: the model in bf16, widened to fp32, whose file goes away while its networks are made.
/// </summary>
internal static class FailedLoads
{
    public static async Task MeasureAsync(string folder, int count, Report report)
    {
        string copy = Directory.CreateTempSubdirectory("blip-bf16-").FullName;
        try
        {
            Convert(folder, copy);
            double[] resident = new double[count];
            for (int i = 0; i < count; i++)
            {
                await FailAsync(copy);
                resident[i] = ProcessFigures.ResidentMegabytes;
            }
            report.AtMost(
                $"memory after {count} failed loads in bf16 beyond that after one", resident[^1] - resident[0], 50, " MB",
                $"MB after each: {string.Join(' ', resident.Select(megabytes => $"{megabytes:0}"))}");
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static async Task FailAsync(string folder)
    {
        string file = Path.Combine(folder, "model.safetensors"), away = file + ".away";
        BlipServices services = new() { Progress = new Reporter(() => File.Move(file, away)) };
        try
        {
            await using BlipModel model = await BlipModel.LoadAsync(
                new BlipOptions { Model = folder, Device = BlipDevice.Cpu, Precision = BlipPrecision.Fp32 }, services);
            throw new InvalidOperationException("The model was loaded without its file.");
        }
        catch (BlipModelException)
        {
            File.Move(away, file);
        }
    }

    /// <summary>Writes a copy of a checkpoint in which each fp32 number is cut to bf16.</summary>
    private static void Convert(string folder, string copy)
    {
        foreach (string other in Directory.GetFiles(folder).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
            File.Copy(other, Path.Combine(copy, Path.GetFileName(other)));
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using FileStream file = File.Create(Path.Combine(copy, "model.safetensors"));
        SafetensorsWriter.Write(file, [.. checkpoint.Tensors.Values.DistinctBy(tensor => tensor.Name).Select(Entry)]);

        static SafetensorsEntry Entry(CheckpointTensor tensor) =>
            new(tensor.Name, "BF16", tensor.Shape, tensor.ElementCount * sizeof(ushort), stream => Write(tensor, stream));
    }

    private static void Write(CheckpointTensor tensor, Stream stream)
    {
        uint[] bits = new uint[tensor.ElementCount];
        tensor.CopyTo(MemoryMarshal.Cast<uint, float>(bits.AsSpan()));
        ushort[] halves = Array.ConvertAll(bits, number => (ushort)(number >> 16));
        stream.Write(MemoryMarshal.AsBytes<ushort>(halves));
    }

    private sealed class Reporter(Action preparing) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            if (value is { Stage: LoadStage.Preparing, Done: 0 })
                preparing();
        }
    }
}
