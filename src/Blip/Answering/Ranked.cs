namespace Blip.Answering;

/// <summary>What the ranks of choices say, in the caller's words.</summary>
internal static class Ranked
{
    /// <summary>How many alternatives an answer has without beams.</summary>
    public const int AlternativeCount = 5;

    /// <summary>The answer that is the best choice.</summary>
    /// <param name="answer">The answer by its tokens.</param>
    /// <param name="texts">The choices as given.</param>
    /// <param name="ranks">Their scores, the best first.</param>
    /// <param name="temperature">What the scores are divided by to give probabilities.</param>
    public static Answer Describe(
        Answer answer, IReadOnlyList<string> texts, IReadOnlyList<(int Choice, double Score)> ranks, double temperature)
    {
        // The best score is at least any other, so no exponential is infinite.
        double[] powers = [.. ranks.Select(rank => Math.Exp((rank.Score - ranks[0].Score) / temperature))];
        double sum = powers.Sum();
        AnswerChoice[] choices =
            [.. ranks.Select((rank, place) => new AnswerChoice(texts[rank.Choice], rank.Score, powers[place] / sum))];
        return answer with
        {
            Text = choices[0].Text,
            Confidence = choices[0].Probability,
            Choices = choices,
            Alternatives = [.. choices.Take(AlternativeCount).Select(choice => new AnswerAlternative(choice.Text, choice.Probability))],
        };
    }
}
