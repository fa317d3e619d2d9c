namespace Blip.Checkpoints;

/// <summary>A file of weights. Immutable.</summary>
/// <param name="Name">Its name in the model's folder.</param>
/// <param name="Length">Its size in bytes.</param>
public sealed record CheckpointFile(string Name, long Length);
