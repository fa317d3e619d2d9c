namespace Blip.Cli.Evaluation;

/// <summary>Answers to yes-or-no questions, where yes is what is looked for. All numbers are 0 to 1.</summary>
internal sealed record YesNo(int Questions, double Precision, double Recall, double F1);

/// <summary>The answers whose confidence lies between two bounds.</summary>
/// <param name="From">Above this, or 0.</param>
/// <param name="To">Up to this.</param>
/// <param name="Count">How many answers these are.</param>
/// <param name="Confidence">Their mean confidence.</param>
/// <param name="Accuracy">Their mean accuracy: the same where confidence says how often answers are right.</param>
internal sealed record Bin(double From, double To, int Count, double Confidence, double Accuracy);

/// <summary>What is right when the least certain answers are left out.</summary>
/// <param name="Coverage">The share that is kept.</param>
/// <param name="Threshold">The least confidence among them.</param>
/// <param name="Accuracy">Their accuracy; 1 less it is the risk.</param>
internal sealed record Kept(double Coverage, double Threshold, double Accuracy);

/// <summary>How many answers of a run are right: all numbers are 0 to 1.</summary>
internal sealed class Scores
{
    /// <summary>As in the papers that report the error of calibration.</summary>
    public const int BinCount = 15;

    public Scores(IReadOnlyList<Scored> questions)
    {
        Questions = questions;
        ByQuestionType = ByType(scored => scored.QuestionType);
        ByAnswerType = ByType(scored => scored.AnswerType);
        YesNo = CountYesNo();
        Scored[] sure = [.. questions.Where(scored => scored.Confidence is not null).OrderByDescending(scored => scored.Confidence)];
        Bins = FillBins(sure);
        if (sure.Length > 0)
            CalibrationError = Bins.Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence)) / sure.Length;
        Curve = KeepLess(sure);
        if (sure.Length > 0)
            RiskArea = Curve.Average(kept => 1 - kept.Accuracy);
    }

    public IReadOnlyList<Scored> Questions { get; }

    public int Failed => Questions.Count(scored => scored.IsFailed);

    /// <summary>That of the VQA challenge.</summary>
    public double Accuracy => Mean(Questions);

    /// <summary>How often the answer is the right one letter by letter.</summary>
    public double ExactMatch => Questions.Average(scored => !scored.IsFailed && scored.Answer == scored.Truth ? 1.0 : 0);

    /// <summary>In the order of the data set.</summary>
    public IReadOnlyList<(string Type, int Count, double Accuracy)> ByQuestionType { get; }

    public IReadOnlyList<(string Type, int Count, double Accuracy)> ByAnswerType { get; }

    /// <summary><see langword="null"/> where no right answer is yes or no.</summary>
    public YesNo? YesNo { get; }

    public IReadOnlyList<Bin> Bins { get; }

    /// <summary>The expected calibration error: how far confidence is from accuracy; <see langword="null"/> without confidences.</summary>
    public double? CalibrationError { get; }

    /// <summary>A point for each answer, the surest first.</summary>
    public IReadOnlyList<Kept> Curve { get; }

    /// <summary>The area under the curve of risk and coverage; <see langword="null"/> without confidences.</summary>
    public double? RiskArea { get; }

    /// <summary>The point of the curve where this share is kept.</summary>
    public Kept At(double coverage) => Curve[Math.Clamp((int)Math.Round(coverage * Curve.Count) - 1, 0, Curve.Count - 1)];

    private static double Mean(IEnumerable<Scored> questions) => questions.Average(scored => scored.Accuracy);

    private (string, int, double)[] ByType(Func<Scored, string> type) =>
        [.. Questions.GroupBy(type).Select(group => (group.Key, group.Count(), Mean(group)))];

    private YesNo? CountYesNo()
    {
        (string Answer, string Truth)[] plain =
        [
            .. Questions.Select(scored => (Answer: VqaAccuracy.Plain(scored.Answer), Truth: VqaAccuracy.Plain(scored.Truth)))
                .Where(each => each.Truth is "yes" or "no"),
        ];
        if (plain.Length == 0)
            return null;
        int found = plain.Count(each => each is { Answer: "yes", Truth: "yes" });
        int said = plain.Count(each => each.Answer == "yes"), are = plain.Count(each => each.Truth == "yes");
        return new YesNo(plain.Length, Share(found, said), Share(found, are), Share(2 * found, said + are));

        static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
    }

    private static Bin[] FillBins(Scored[] questions) =>
    [
        .. from scored in questions
           group scored by Math.Clamp((int)Math.Ceiling(scored.Confidence!.Value * BinCount) - 1, 0, BinCount - 1) into bin
           orderby bin.Key
           let confidence = bin.Average(scored => scored.Confidence!.Value)
           select new Bin((double)bin.Key / BinCount, (bin.Key + 1.0) / BinCount, bin.Count(), confidence, Mean(bin)),
    ];

    private static Kept[] KeepLess(Scored[] sure)
    {
        Kept[] curve = new Kept[sure.Length];
        double right = 0;
        for (int i = 0; i < sure.Length; i++)
        {
            right += sure[i].Accuracy;
            curve[i] = new Kept((i + 1.0) / sure.Length, sure[i].Confidence!.Value, right / (i + 1));
        }
        return curve;
    }
}
