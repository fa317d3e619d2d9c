using System.Runtime.InteropServices;
using Blip.Checkpoints;

namespace Blip.Tests.Checkpoints;

/// <summary>Writes a reference checkpoint's fp32 weights anew, with other names or values.</summary>
internal static class RewrittenWeights
{
    /// <summary>Copies a checkpoint into a new folder and lets the test change its tensors by their names.</summary>
    public static string Copy(TempFolder into, string name, Func<Dictionary<string, Stored>, Dictionary<string, Stored>> change)
    {
        string folder = into.Copy(GoldenModels.Folder(name), "model");
        Dictionary<string, Stored> tensors;
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
            tensors = checkpoint.Tensors.Values.DistinctBy(tensor => tensor.Name).ToDictionary(tensor => tensor.Name, Read);
        using FileStream file = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(file, [.. change(tensors).Select(pair => new SafetensorsEntry(
            pair.Key, "F32", pair.Value.Shape, pair.Value.Values.Length * sizeof(float),
            stream => stream.Write(MemoryMarshal.AsBytes<float>(pair.Value.Values))))]);
        return folder;
    }

    private static Stored Read(CheckpointTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.CopyTo(values);
        return new Stored(tensor.Shape, values);
    }

    internal sealed record Stored(IReadOnlyList<long> Shape, float[] Values);
}
