namespace Blip.Calibrating;

/// <summary>Fits a <see cref="Calibration"/> to labelled answers, and says how good confidences are.</summary>
internal static class CalibrationFit
{
    /// <summary>Labelled questions below this are too few to fit a temperature, and to say how good it is.</summary>
    public const int LeastQuestions = 100;

    private const int Bins = 15, StepsPerOctave = 12, Octaves = 2;

    /// <summary>A confidence nearer to 0 or 1 than this would decide the fit alone.</summary>
    private const double Certain = 1e-12;

    /// <summary>The temperatures among which the best is taken: a quarter to 4, each 6 % above the one before.</summary>
    public static double[] Temperatures { get; } =
    [
        .. Enumerable.Range(-StepsPerOctave * Octaves, (2 * StepsPerOctave * Octaves) + 1)
            .Select(step => Math.Pow(2, (double)step / StepsPerOctave)),
    ];

    /// <summary>The place of the temperature under which the right answers are most likely.</summary>
    /// <param name="answers">The log-probability of each answer at each of <see cref="Temperatures"/>, and whether it is right.</param>
    public static int Fit(IReadOnlyList<(IReadOnlyList<double> LogProbabilities, bool IsRight)> answers) => Best(place =>
        answers.Sum(answer => LogLikelihood(Math.Exp(answer.LogProbabilities[place]), answer.IsRight)));

    /// <summary>The place of the temperature under which the right choices are most likely.</summary>
    /// <param name="ranks">The scores of each question's choices, and the place of the right one among them.</param>
    public static int FitChoices(IReadOnlyList<(double[] Scores, int Right)> ranks) => Best(place =>
        ranks.Sum(rank => (rank.Scores[rank.Right] / Temperatures[place]) - LogSum(rank.Scores, Temperatures[place])));

    /// <summary>The share that the best choice has at a temperature.</summary>
    /// <param name="scores">The scores, the best first.</param>
    /// <param name="temperature">The temperature.</param>
    public static double BestShare(double[] scores, double temperature) =>
        Math.Exp((scores[0] / temperature) - LogSum(scores, temperature));

    /// <summary>
    /// The expected calibration error: how far confidence and share of right answers are apart, on average over 15 equal bins, 0 to 1.
    /// </summary>
    public static double ExpectedError(IReadOnlyCollection<(double Confidence, bool IsRight)> answers) => answers
        .GroupBy(answer => Math.Min(Bins - 1, (int)(answer.Confidence * Bins)))
        .Sum(bin => Math.Abs(bin.Sum(answer => answer.Confidence - (answer.IsRight ? 1 : 0)))) / answers.Count;

    /// <summary>The share of right answers among the surest ones.</summary>
    /// <param name="answers">All answers.</param>
    /// <param name="coverage">The share of all that is looked at.</param>
    public static double AccuracyAt(IReadOnlyCollection<(double Confidence, bool IsRight)> answers, double coverage) => answers
        .OrderByDescending(answer => answer.Confidence).Take(Math.Max(1, (int)(answers.Count * coverage)))
        .Average(answer => answer.IsRight ? 1.0 : 0);

    private static int Best(Func<int, double> likelihood)
    {
        int best = 0;
        double most = double.NegativeInfinity;
        for (int place = 0; place < Temperatures.Length; place++)
        {
            double found = likelihood(place);
            if (found > most)
                (best, most) = (place, found);
        }
        return best;
    }

    private static double LogLikelihood(double confidence, bool isRight) =>
        Math.Log(Math.Max(Certain, isRight ? confidence : 1 - confidence));

    private static double LogSum(double[] scores, double temperature)
    {
        double max = scores.Max();
        return (max / temperature) + Math.Log(scores.Sum(score => Math.Exp((score - max) / temperature)));
    }
}
