namespace Blip;

/// <summary>
/// Where a question looked: how much more it attended to each part of the image than a question about the whole image does. It says what
/// the model looked at, not why it answered so.
/// </summary>
/// <param name="Rows">Rows of the grid that covers the image, from its top.</param>
/// <param name="Columns">Columns of the grid, from its left.</param>
/// <param name="Values">A value for each cell, row by row: 0 to 1, which is the strongest.</param>
public sealed record Evidence(int Rows, int Columns, IReadOnlyList<float> Values);
