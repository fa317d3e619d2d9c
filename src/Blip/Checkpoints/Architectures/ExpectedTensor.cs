namespace Blip.Checkpoints;

/// <summary>A tensor that a checkpoint must have.</summary>
/// <param name="Name">Its name in PyTorch.</param>
/// <param name="Shape">Its dimensions, as the configuration gives them.</param>
internal readonly record struct ExpectedTensor(string Name, params long[] Shape)
{
    /// <summary>The weight and the bias of a linear layer.</summary>
    public static IEnumerable<ExpectedTensor> Linear(string name, long inputs, long outputs) =>
        [new(name + ".weight", outputs, inputs), new(name + ".bias", outputs)];

    /// <summary>The weight and the bias of a layer norm.</summary>
    public static IEnumerable<ExpectedTensor> Norm(string name, long width) => [new(name + ".weight", width), new(name + ".bias", width)];
}
