using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>One of the ranked answers of <c>choose_answer</c>.</summary>
/// <param name="Text">The answer as it was given.</param>
/// <param name="Probability">Its share among the answers, 0 to 1, rounded to two digits.</param>
public sealed record ImageChoice(
    [property: JsonPropertyName("text"), Description("The answer as given.")] string Text,
    [property: JsonPropertyName("probability"), Description("Its share among the choices, 0 to 1.")] double Probability);
