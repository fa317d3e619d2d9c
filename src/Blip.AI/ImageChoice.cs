using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>One of the ranked answers of <c>choose_answer</c>, or one of the phrases of <c>score_image</c>.</summary>
/// <param name="Text">The text as it was given.</param>
/// <param name="Probability">
/// An answer's share among the answers, or how likely a phrase is in the image; 0 to 1, rounded to two digits.
/// </param>
public sealed record ImageChoice(
    [property: JsonPropertyName("text"), Description("The text as given.")] string Text,
    [property: JsonPropertyName("probability"), Description("Its probability, 0 to 1.")] double Probability);
