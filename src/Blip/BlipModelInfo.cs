namespace Blip;

/// <summary>What answered.</summary>
/// <param name="Name">The model as it was asked for: a hub id, a folder's name, or <c>demo</c>.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Precision"><c>fp32</c>, <c>fp16</c> or <c>int8</c>.</param>
public sealed record BlipModelInfo(string Name, string Device, string Precision);
