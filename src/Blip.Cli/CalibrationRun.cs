using Blip.Calibrating;
using Blip.Cli.DataSets;
using Blip.Cli.Evaluation;

namespace Blip.Cli;

/// <summary>What a fit gave.</summary>
/// <param name="Temperature">The temperature, fitted on all questions.</param>
/// <param name="Before">The expected calibration error without it, 0 to 1.</param>
/// <param name="Judged">
/// The questions' confidences, each with a temperature fitted on other images, and whether their answers are right.
/// </param>
internal sealed record CalibrationFigures(
    double Temperature, double Before, IReadOnlyCollection<(double Confidence, bool IsRight)> Judged)
{
    public double After => CalibrationFit.ExpectedError(Judged);

    public double Accuracy => AccuracyAt(1);

    public double AccuracyAt(double coverage) => CalibrationFit.AccuracyAt(Judged, coverage);
}

/// <summary>
/// Asks labelled questions and fits temperatures to them. Five folds judge them: the answers about each fifth of the images are judged with
/// a fit on the other four fifths.
/// </summary>
internal sealed class CalibrationRun(BlipModel model, ImageReader reader)
{
    /// <summary>Choices are the set's own answers. Ranking more takes long, and more questions improve the fit little.</summary>
    private const int MostChoices = 256, MostRanked = 2400;

    private const int Folds = 5;

    /// <summary>Why choices were not fitted.</summary>
    public string NoChoices { get; private set; } = "";

    /// <exception cref="BlipException">Too few of the questions could be asked.</exception>
    public async Task<CalibrationFigures> FitAnswersAsync(DataItem[] items, CancellationToken cancellationToken)
    {
        AskOptions options = new() { Temperatures = CalibrationFit.Temperatures };
        List<(int Fold, (IReadOnlyList<double> LogProbabilities, bool IsRight) Value)> answers = await AskAsync(
            items, options, (item, answer) => (answer.TemperedLogProbabilities, IsSame(answer.Text, item.Truth!)), cancellationToken);
        // With one kind alone the fit runs to the end of the temperatures that are tried.
        int right = answers.Count(one => one.Value.IsRight);
        if (right == 0 || right == answers.Count)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, FormattableString.Invariant(
                $"All {answers.Count} answers are {(right == 0 ? "wrong" : "right")}, and a fit needs both kinds. ")
                + (right == 0 ? "Look whether the column 'answer' holds the right answers." : "Give more questions, or harder ones."));
        }
        return Fit(answers, CalibrationFit.Fit, (one, place) => (Math.Exp(one.LogProbabilities[place]), one.IsRight));
    }

    /// <returns><see langword="null"/> where choices could not be fitted, as <see cref="NoChoices"/> says.</returns>
    public async Task<CalibrationFigures?> FitChoicesAsync(DataItem[] items, CancellationToken cancellationToken)
    {
        string[] choices = [.. items.Select(item => Choice(item.Truth!)).Distinct()];
        if (choices.Length is < 2 or > MostChoices)
        {
            NoChoices = FormattableString.Invariant($"the set has {choices.Length} different answers; 2 to {MostChoices} can be ranked");
            return null;
        }
        AskOptions options = new() { Choices = choices, Temperatures = CalibrationFit.Temperatures };
        try
        {
            List<(int Fold, (double[] Scores, int Right) Value)> ranks =
                await AskAsync([.. items.Take(MostRanked)], options, Rank, cancellationToken);
            if (ranks.TrueForAll(one => one.Value.Right == 0))
            {
                NoChoices = "all of them are ranked right, and a fit needs both kinds";
                return null;
            }
            return Fit(ranks, CalibrationFit.FitChoices, (one, place) =>
                (CalibrationFit.BestShare(one.Scores, CalibrationFit.Temperatures[place]), one.Right == 0));
        }
        catch (BlipException exception) when (exception.Code == BlipErrorCode.InvalidRequest)
        {
            NoChoices = exception.Message;
            return null;
        }
    }

    /// <summary>Articles and numbers in words are ways of writing an answer, and nothing that the model was taught to say.</summary>
    private static string Choice(string truth) => VqaAccuracy.Plain(truth) is { Length: > 0 } plain ? plain : truth.Trim();

    private static CalibrationFigures Fit<T>(
        List<(int Fold, T Value)> all, Func<IReadOnlyList<T>, int> fit, Func<T, int, (double, bool)> judge)
    {
        int raw = Array.IndexOf(CalibrationFit.Temperatures, 1.0);
        List<(double, bool)> judged = [];
        foreach (IGrouping<int, (int Fold, T Value)> fold in all.GroupBy(one => one.Fold))
        {
            int place = fit([.. all.Where(one => one.Fold != fold.Key).Select(one => one.Value)]);
            judged.AddRange(fold.Select(one => judge(one.Value, place)));
        }
        return new CalibrationFigures(
            CalibrationFit.Temperatures[fit([.. all.Select(one => one.Value)])],
            CalibrationFit.ExpectedError([.. all.Select(one => judge(one.Value, raw))]), judged);
    }

    private static (double[], int) Rank(DataItem item, Answer answer) => (
        [.. answer.Choices.Select(choice => choice.Score)],
        answer.Choices.TakeWhile(choice => !IsSame(choice.Text, item.Truth!)).Count());

    /// <summary>Asks the questions. Those about one image are in one fold; where there is one image only, each has its own.</summary>
    private async Task<List<(int Fold, T Value)>> AskAsync<T>(
        DataItem[] items, AskOptions options, Func<DataItem, Answer, T> use, CancellationToken cancellationToken)
    {
        List<string> images = [.. items.Select(item => item.File).Distinct()];
        Dictionary<string, int> places = images.ToDictionary(image => image, images.IndexOf);
        List<(int, T)> all = [];
        int asked = 0;
        await foreach ((DataItem item, QuestionOutcome outcome) in DataAsking.AskAsync(model, items, reader, options, cancellationToken))
        {
            int place = images.Count == 1 ? asked : places[item.File];
            asked++;
            if (outcome.Answer is { } answer)
                all.Add((place % Folds, use(item, answer)));
            else if (options.Choices is not null && outcome.Error!.Code == BlipErrorCode.InvalidRequest)
                throw outcome.Error;
            else
                CommandLine.WriteError(CommandLine.Describe(outcome.Error!, item.Image));
        }
        return all.Count >= CalibrationFit.LeastQuestions ? all : throw new BlipException(
            BlipErrorCode.InvalidRequest, "Too few of the questions could be asked to fit anything. See the errors above.");
    }

    /// <summary>As <c>blip eval</c> compares them: "Two." is "2", and "a dog" is "dog".</summary>
    private static bool IsSame(string answer, string truth) => VqaAccuracy.Plain(answer) == VqaAccuracy.Plain(truth);
}
