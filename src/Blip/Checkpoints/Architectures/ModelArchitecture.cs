using System.Text.RegularExpressions;
using Blip.Files;
using Microsoft.Extensions.Logging;

namespace Blip.Checkpoints;

/// <summary>A kind of model that Blip runs: its name in config.json, what it asks of a configuration, and its tensors.</summary>
internal abstract partial class ModelArchitecture
{
    /// <summary>The name in <c>architectures</c> of config.json.</summary>
    public abstract string Name { get; }

    /// <summary>What the model does, as messages say it: <c>visual question answering</c>.</summary>
    public abstract string Task { get; }

    /// <summary>The hub id of a published model, as an example in messages.</summary>
    public abstract string ExampleId { get; }

    /// <summary>What runs it, as messages say it: a class of the library and a command.</summary>
    public abstract string Use { get; }

    /// <summary>The text transformers of the model, as a description names them.</summary>
    public abstract string TextParts { get; }

    /// <summary>Whether a decoder writes text, and so has a head.</summary>
    public virtual bool HasDecoder => true;

    /// <summary>Checks what this architecture asks of a configuration beyond valid sizes.</summary>
    /// <exception cref="BlipModelException">The configuration is of a model that Blip does not run.</exception>
    public virtual void CheckConfig(BlipConfig config)
    {
    }

    /// <summary>Checks that a model is of the kind that its user needs.</summary>
    /// <param name="needed">The name of the architecture that the user needs.</param>
    /// <param name="model">The model, as its user calls it.</param>
    /// <exception cref="BlipModelException">It is of another kind.</exception>
    public void ThrowUnless(string needed, string model)
    {
        if (needed == Name)
            return;
        ModelArchitecture other = ModelArchitectures.Named(needed);
        throw new BlipModelException(
            $"{PlainFileName.Shown(model)} is a model for {Task} ({Name}). {Use}. Here a model for {other.Task} is needed, such as " +
            $"{other.ExampleId}.");
    }

    /// <summary>The tensors that a checkpoint must have.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="isHeadTied">Whether the head's weight is the decoder's word embeddings.</param>
    public abstract IEnumerable<ExpectedTensor> ExpectedTensors(BlipConfig config, bool isHeadTied);

    /// <summary>
    /// Checks that a checkpoint has every tensor, in its shape. Others, such as <c>position_ids</c> in old files, are ignored.
    /// </summary>
    /// <exception cref="BlipModelException">A tensor is missing, or has another shape or an element type that is not read.</exception>
    public void CheckTensors(
        BlipConfig config, bool isHeadTied, IReadOnlyDictionary<string, CheckpointTensor> tensors, ILogger logger)
    {
        HashSet<string> layers = new(StringComparer.Ordinal), stacks = new(StringComparer.Ordinal);
        foreach (ExpectedTensor expected in ExpectedTensors(config, isHeadTied))
        {
            CheckTensor(expected, tensors);
            if (Layer().Match(expected.Name) is { Success: true } layer)
            {
                layers.Add(layer.Value);
                stacks.Add(layer.Groups[1].Value);
            }
        }
        foreach (string name in tensors.Keys)
        {
            if (Layer().Match(name) is { Success: true } layer && stacks.Contains(layer.Groups[1].Value) && !layers.Contains(layer.Value))
            {
                CheckpointLog.LayersUnused(logger, name);
                break;
            }
        }
    }

    /// <summary>The start of a name up to the layer's number; group 1 ends before the number.</summary>
    [GeneratedRegex(@"^(.+\.layers?\.)\d+\.", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    private void CheckTensor(ExpectedTensor expected, IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        if (!tensors.TryGetValue(expected.Name, out CheckpointTensor? tensor))
        {
            string file = tensors.Values.FirstOrDefault()?.File ?? "the file of weights";
            throw new BlipModelException(
                $"Tensor {expected.Name} is missing from {file}. Use a complete checkpoint of a BLIP model for {Task}.");
        }
        if (!tensor.Shape.SequenceEqual(expected.Shape))
        {
            throw new BlipModelException(
                $"Tensor {tensor.Name} in {tensor.File} has the shape [{string.Join(", ", tensor.Shape)}]; " +
                $"config.json requires [{string.Join(", ", expected.Shape)}]. Use files of the same model.");
        }
        tensor.ThrowIfNoWeight();
    }
}
