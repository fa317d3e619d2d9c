namespace Blip.Cli.Evaluation;

/// <summary>A question that two runs answer differently.</summary>
internal sealed record Flip(Scored First, Scored Second);

/// <summary>Two runs of one data set, for example in two precisions.</summary>
internal sealed class Comparison
{
    private Comparison(Scores against, int common, IReadOnlyList<Flip> flips) => (Against, Common, Flips) = (against, common, flips);

    public Scores Against { get; }

    /// <summary>Questions that both have.</summary>
    public int Common { get; }

    /// <summary>The answers that differ, those with the largest margin first: small differences do not explain them.</summary>
    public IReadOnlyList<Flip> Flips { get; }

    public int Lost => Flips.Count(flip => flip.First.Accuracy > flip.Second.Accuracy);

    public int Won => Flips.Count(flip => flip.First.Accuracy < flip.Second.Accuracy);

    /// <summary>Finds the same questions: those of one id, or of one image and question where there are no ids.</summary>
    /// <exception cref="BlipException">They have no question in common.</exception>
    public static Comparison Of(Scores first, Scores against)
    {
        bool hasIds = first.Questions.Concat(against.Questions).All(scored => scored.Item.Id is not null);
        ILookup<(string, string), Scored> others = against.Questions.ToLookup(Key);
        (Scored First, Scored Second)[] pairs =
        [
            // A question that is asked twice about an image has two answers in each.
            .. first.Questions.GroupBy(Key).SelectMany(group => group.Zip(others[group.Key])),
        ];
        if (pairs.Length == 0)
            throw new BlipException(
                BlipErrorCode.InvalidRequest, "The runs have no question in common. Compare runs of the same data set.");
        return new Comparison(against, pairs.Length,
        [
            .. pairs.Where(pair => pair.First.Answer != pair.Second.Answer).Select(pair => new Flip(pair.First, pair.Second))
                .OrderByDescending(flip => Math.Max(flip.First.Margin ?? 0, flip.Second.Margin ?? 0)),
        ]);

        (string, string) Key(Scored scored) =>
            hasIds ? (scored.Item.Id!.Value.Text, "") : (scored.Item.Image, scored.Item.Question);
    }
}
