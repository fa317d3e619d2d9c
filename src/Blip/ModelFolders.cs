namespace Blip;

/// <summary>Where a model's files lie.</summary>
/// <param name="Model">The folder of the whole model.</param>
/// <param name="Adapter">The folder of the adapter that is merged into it, if one is.</param>
internal sealed record ModelFolders(string Model, string? Adapter);
