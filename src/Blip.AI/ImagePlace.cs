using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>A place in an image.</summary>
/// <param name="X">From its left, as a share of its width, 0 to 1, rounded to two digits.</param>
/// <param name="Y">From its top, as a share of its height, 0 to 1, rounded to two digits.</param>
public sealed record ImagePlace(
    [property: JsonPropertyName("x"), Description("From the left, 0 to 1.")] double X,
    [property: JsonPropertyName("y"), Description("From the top, 0 to 1.")] double Y)
{
    /// <summary>The middle of the strongest part.</summary>
    internal static ImagePlace Of(Evidence evidence)
    {
        (int row, int column) = Math.DivRem(evidence.Values.Index().MaxBy(cell => cell.Item).Index, evidence.Columns);
        return new ImagePlace(Math.Round((column + 0.5) / evidence.Columns, 2), Math.Round((row + 0.5) / evidence.Rows, 2));
    }
}
