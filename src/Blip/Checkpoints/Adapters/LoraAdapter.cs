using System.Numerics.Tensors;
using Blip.Files;
using Blip.Hub;

namespace Blip.Checkpoints;

/// <summary>
/// Merges a LoRA adapter into the tensors of its base model, as PEFT's <c>merge_and_unload</c> does it: W + s · B A in fp32. A merged
/// tensor is computed when it is read, so that it takes memory only where a session holds it.
/// </summary>
internal static class LoraAdapter
{
    private const string Prefix = "base_model.model.", LoraA = ".lora_A.weight", LoraB = ".lora_B.weight";

    /// <summary>Merges an adapter. Its file stays mapped, as those of the base model do.</summary>
    /// <param name="directory">The adapter's folder.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="model">The base model's tensors.</param>
    /// <param name="files">Gets the file that was opened, even when this throws. The caller disposes it.</param>
    /// <exception cref="BlipModelException">The adapter is broken, of another model, or not one that is merged.</exception>
    public static void Merge(string directory, AdapterConfig config, Dictionary<string, CheckpointTensor> model, List<MappedFile> files)
    {
        string file = Array.Find(HubCheckpointFiles.AdapterWeights, name => File.Exists(Path.Combine(directory, name)))
            ?? throw BlipModelException.NotFound(
                $"The adapter's folder has no {string.Join(" and no ", HubCheckpointFiles.AdapterWeights)}. " +
                "Give the whole folder that PEFT saved.");
        Dictionary<string, CheckpointTensor> first = [], second = [], whole = [];
        foreach (CheckpointTensor tensor in WeightFiles.Read(directory, file, files))
        {
            Check(tensor);
            string path = tensor.Name[Prefix.Length..];
            if (path.EndsWith(LoraA, StringComparison.Ordinal))
                first.Add(path[..^LoraA.Length], tensor);
            else if (path.EndsWith(LoraB, StringComparison.Ordinal))
                second.Add(path[..^LoraB.Length], tensor);
            else
                whole[NameInModel(path, tensor)] = tensor;
        }
        if (files[^1].LayoutDefect is { } defect)
            throw new BlipModelException(defect);
        if (first.Count == 0)
            throw new BlipModelException($"{file} has no LoRA weights ({LoraA[1..]}). Use the adapter's files as PEFT saved them.");
        foreach (string module in first.Keys.Concat(second.Keys).Distinct(StringComparer.Ordinal))
        {
            if (!first.TryGetValue(module, out CheckpointTensor? a) || !second.TryGetValue(module, out CheckpointTensor? b))
            {
                throw new BlipModelException(
                    $"{file} has only one of {Shown(module)}{LoraA} and {LoraB[1..]}. Use the adapter's files as PEFT saved them.");
            }
            MergeModule(module, a, b, config, model);
        }
        Replace(whole, config, model, file);
    }

    private static void Check(CheckpointTensor tensor)
    {
        if (!tensor.Name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new BlipModelException(
                $"Tensor {Shown(tensor.Name)} in {tensor.File} does not begin with {Prefix}. Use the adapter's files as PEFT saved them.");
        }
        tensor.ThrowIfNoWeight();
        if (!tensor.IsFinite())
        {
            throw new BlipModelException(
                $"Tensor {Shown(tensor.Name)} in {tensor.File} has NaN or infinity. " +
                "Download the adapter again from where it was published.");
        }
    }

    /// <summary>The tensor of the base model whose place a whole tensor takes: saved modules, and biases where they were trained.</summary>
    private static string NameInModel(string path, CheckpointTensor tensor)
    {
        if (path.Contains("lora_", StringComparison.Ordinal))
        {
            throw new BlipModelException(
                $"Tensor {Shown(tensor.Name)} in {tensor.File} is part of an adapter that cannot be merged: only lora_A.weight and " +
                "lora_B.weight of linear layers and convolutions are. Merge it with PEFT, and give the merged model.");
        }
        return path.Replace(".base_layer.", ".", StringComparison.Ordinal).Replace(".modules_to_save.", ".", StringComparison.Ordinal);
    }

    private static void MergeModule(
        string module, CheckpointTensor a, CheckpointTensor b, AdapterConfig config, Dictionary<string, CheckpointTensor> model)
    {
        if (!config.IsTarget(module))
        {
            throw new BlipModelException(
                $"{a.File} holds weights for {Shown(module)}, which target_modules in {AdapterConfig.FileName} does not name. " +
                "Use files of the same adapter.");
        }
        string name = HeadTensors.StoredName(module + ".weight", model);
        if (!model.TryGetValue(name, out CheckpointTensor? weight))
            throw NoSuchModule(a, module);
        int rank = config.RankOf(module);
        // A linear layer's weight is [outputs, inputs], a convolution's [outputs, inputs, height, width].
        long[] inputs = [.. weight.Shape.Skip(1)];
        Require(a, [rank, .. inputs]);
        Require(b, [weight.Shape[0], rank, .. inputs.Skip(1).Select(_ => 1L)]);
        float scale = config.ScaleOf(module);
        model[name] = weight.Derive(weight.Shape, destination =>
        {
            weight.CopyTo(destination);
            Add(destination, a.Copy(), b.Copy(), rank, scale);
        });

        void Require(CheckpointTensor tensor, long[] shape)
        {
            if (inputs.Length == 0 || !tensor.Shape.SequenceEqual(shape))
            {
                throw new BlipModelException(
                    $"Tensor {Shown(tensor.Name)} in {tensor.File} has the shape [{string.Join(", ", tensor.Shape)}], but rank {rank} " +
                    $"and the base model's [{string.Join(", ", weight.Shape)}] ask for [{string.Join(", ", shape)}]. " +
                    "Use files of the same adapter, and the base model that it was trained on.");
            }
        }
    }

    private static void Replace(
        Dictionary<string, CheckpointTensor> whole, AdapterConfig config, Dictionary<string, CheckpointTensor> model, string file)
    {
        foreach (string module in config.SavedModules)
        {
            if (!whole.Keys.Any(name => name[..Math.Max(0, name.LastIndexOf('.'))] is var path
                && (ModulePatterns.IsNamed(path, module) || path.Contains(module + ".", StringComparison.Ordinal))))
            {
                throw new BlipModelException(
                    $"{file} lacks the module {Shown(module)}, which modules_to_save in {AdapterConfig.FileName} names. " +
                    "Use the adapter's files as PEFT saved them.");
            }
        }
        foreach ((string path, CheckpointTensor tensor) in whole)
        {
            string name = HeadTensors.StoredName(path, model);
            if (!model.TryGetValue(name, out CheckpointTensor? replaced))
                throw NoSuchModule(tensor, path);
            if (HeadTensors.AreShared(name, model))
            {
                throw new BlipModelException(
                    $"Tensor {Shown(tensor.Name)} in {tensor.File} is not merged: the word embeddings and the answer head share it in " +
                    "the base model, and could not share it after the merge. Merge the adapter with PEFT, and give the merged model.");
            }
            if (!tensor.Shape.SequenceEqual(replaced.Shape))
            {
                throw new BlipModelException(
                    $"Tensor {Shown(tensor.Name)} in {tensor.File} has the shape [{string.Join(", ", tensor.Shape)}]; the base model has " +
                    $"[{string.Join(", ", replaced.Shape)}]. Name the base model that the adapter was trained on.");
            }
            model[name] = tensor.Named(name);
        }
    }

    /// <summary>W + scale · B A, with A [rank, inputs] and B [outputs, rank].</summary>
    private static void Add(Span<float> weight, float[] a, float[] b, int rank, float scale)
    {
        int inputs = a.Length / rank;
        float[] row = new float[inputs];
        for (int output = 0; output < b.Length / rank; output++)
        {
            Array.Clear(row);
            for (int k = 0; k < rank; k++)
                TensorPrimitives.MultiplyAdd(a.AsSpan(k * inputs, inputs), b[(output * rank) + k], row, row);
            Span<float> target = weight.Slice(output * inputs, inputs);
            TensorPrimitives.MultiplyAdd(row, scale, target, target);
        }
    }

    private static BlipModelException NoSuchModule(CheckpointTensor tensor, string path) => new(
        $"Tensor {Shown(tensor.Name)} in {tensor.File} is for {Shown(path)}, which the base model does not have. " +
        "Name the base model that the adapter was trained on.");

    private static string Shown(string name) => PlainFileName.Shown(name);
}
