namespace Blip.Cli.DataSets;

/// <summary>A question of a data set.</summary>
/// <param name="Place">Where it stands, for messages: <c>line 7</c>.</param>
/// <param name="Id">What the data set calls it; <see langword="null"/> where it has no ids.</param>
/// <param name="Image">The image as the data set names it.</param>
/// <param name="File">The same for <see cref="ImageReader"/>: a path that the working directory leads to, an address or a data URI.</param>
/// <param name="Question">The question.</param>
/// <param name="Truth">The right answer, where the data set has one.</param>
/// <param name="Others">What the other columns hold, in the order of <see cref="DataSet.Columns"/>.</param>
internal sealed record DataItem(
    string Place, DataValue? Id, string Image, string File, string Question, string? Truth, DataValue?[] Others);
