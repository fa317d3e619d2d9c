using System.Globalization;
using System.Net;
using System.Text;

namespace Blip.Cli.Evaluation;

/// <summary>
/// A report for a browser, in one file that needs no other: scores, charts, the most common mistakes, and the worst answers with their
/// images. Light or dark like the reader's system; light on paper.
/// </summary>
internal static class HtmlReport
{
    private const int MostTypes = 15, MostAnswers = 8, MostWorst = 24, MostFlips = 200;

    /// <param name="file">The file.</param>
    /// <param name="run">The run's name.</param>
    /// <param name="scores">Its scores.</param>
    /// <param name="against">The other run's name, where there is one.</param>
    /// <param name="comparison">What differs there.</param>
    /// <param name="model">The model that shows where it looked for the worst answers; none leaves that out.</param>
    /// <param name="cancellationToken">Ends reading images.</param>
    public static async Task WriteAsync(
        string file, string run, Scores scores, string? against, Comparison? comparison, BlipModel? model,
        CancellationToken cancellationToken)
    {
        StringBuilder page = new();
        page.Append(Head(Path.GetFileName(run)));
        page.Append(Summary(scores, comparison, against));
        page.Append(Figures(scores, comparison, against));
        page.Append(Confusion(scores));
        if (comparison is not null)
            page.Append(Flips(comparison));
        page.Append(await WorstAsync(scores, model, cancellationToken));
        page.Append("</main></body></html>\n");
        string partial = PartialOutput.Beside(file);
        try
        {
            await File.WriteAllTextAsync(partial, page.ToString(), cancellationToken);
            File.Move(partial, file, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static string Head(string name) => $$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Text(name)}}: evaluation</title>
        <style>
        :root { color-scheme: light dark; --page: #fff; --ink: #1c1e21; --soft: #5b6168; --grid: #c9ced4; --card: #f4f6f8;
          --accent: #2463b0; --second: #b3470b; --cell: 36, 99, 176; }
        @media (prefers-color-scheme: dark) { :root { --page: #15181c; --ink: #e8eaed; --soft: #a3aab3; --grid: #444b54; --card: #20252b;
          --accent: #4a86d6; --second: #f0944d; --cell: 110, 168, 240; } }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
        h1 { font-size: 1.5em; margin: 0 0 .2em; overflow-wrap: anywhere; } h2 { font-size: 1.2em; margin: 2.2em 0 .6em; }
        h3 { font-size: 1em; margin: 0; }
        p, figcaption { color: var(--soft); margin: .2em 0 .8em; max-width: 75ch; }
        .grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 24px; align-items: start; }
        .card { background: var(--card); border-radius: 8px; padding: 12px 14px; min-width: 0; overflow-wrap: anywhere; }
        .card b { display: block; font-size: 1.5em; } .card span { color: var(--soft); }
        .worst { grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); } .worst b { font-size: 1em; }
        .pictures { display: flex; gap: 6px; } .pictures img { max-width: 100%; max-height: 160px; border-radius: 4px; }
        .pictures img:not(:only-child) { max-width: calc(50% - 3px); object-fit: contain; }
        figure { margin: 0; } svg { width: 100%; height: auto; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; } th, td { padding: 4px 10px; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--grid); } td:first-child { overflow-wrap: anywhere; } td.n, th.n { text-align: right; }
        .key { color: var(--accent); } .key2 { color: var(--second); }
        @media print { :root { color-scheme: light; --page: #fff; --ink: #000; --soft: #444; --grid: #bbb; --card: #fff; --accent: #2463b0;
          --second: #b3470b; --cell: 36, 99, 176; } body { font-size: 11px; } figure, .card, tr { break-inside: avoid; }
          .card { border: 1px solid var(--grid); } .charts { grid-template-columns: 1fr 1fr; } * { print-color-adjust: exact; } }
        </style></head><body><main>
        <h1>{{Text(name)}}</h1>

        """;

    private static string Summary(Scores scores, Comparison? comparison, string? against)
    {
        List<(string Value, string Name)> cards =
        [
            (Percent(scores.Accuracy), "accuracy"), (Format($"{scores.Questions.Count}"), "questions"),
            (Percent(scores.ExactMatch), "exact match"),
        ];
        if (scores.Failed > 0)
            cards.Add((Format($"{scores.Failed}"), "failed"));
        if (scores.YesNo is { } yesNo)
            cards.Add((Percent(yesNo.F1), "F1 of yes and no"));
        if (scores.CalibrationError is { } error)
        {
            cards.Add((Percent(error), "expected calibration error"));
            cards.Add((Percent(scores.At(0.9).Accuracy), "accuracy of the surest 90 %"));
        }
        if (comparison is not null)
        {
            cards.Add((Percent(comparison.Against.Accuracy), $"accuracy of {Path.GetFileName(against)}"));
            cards.Add((Format($"{comparison.Flips.Count}"), "answers differ"));
        }
        string all = string.Concat(cards.Select(card => $"""<div class="card"><b>{card.Value}</b><span>{Text(card.Name)}</span></div>"""));
        return $"""<div class="grid">{all}</div>""" + "\n";
    }

    private static string Figures(Scores scores, Comparison? comparison, string? against)
    {
        StringBuilder figures = new("<h2>Charts</h2><div class=\"charts\">\n");
        Add("Accuracy by type of question", "The most common types; the first two words where the data set names no types.",
            Charts.Types("q", Commonest(scores.ByQuestionType)));
        Add("Accuracy by type of answer", "By the kind of the right answer.", Charts.Types("a", Commonest(scores.ByAnswerType)));
        if (scores.CalibrationError is not null)
        {
            Add("Reliability", "How often answers are right, by confidence. On the dashed line, both are equal; "
                + "below it, the model is too sure.", Charts.Reliability("r", scores.Bins));
            IReadOnlyList<Kept>? other = comparison?.Against.CalibrationError is null ? null : comparison.Against.Curve;
            string keys = other is null ? ""
                : $""" <span class="key">Solid</span>: this run. <span class="key2">Dashed</span>: {Text(Path.GetFileName(against!))}.""";
            Add("Risk and coverage", "The share of wrong answers among the kept ones, when the least certain ones are left out." + keys,
                Charts.Risk("c", scores.Curve, other));
        }
        return figures.Append("</div>\n").ToString();

        void Add(string title, string caption, string svg) => figures.Append(CultureInfo.InvariantCulture,
            $"<figure role=\"group\" aria-label=\"{title}\"><h3>{title}</h3><figcaption>{caption}</figcaption>{svg}</figure>\n");
    }

    private static (string Type, int Count, double Accuracy)[] Commonest(
        IEnumerable<(string Type, int Count, double Accuracy)> types) =>
        [.. types.OrderByDescending(type => type.Count).Take(MostTypes)];

    private static string Confusion(Scores scores)
    {
        const string Other = "other";
        (string Truth, string Answer)[] pairs =
            [.. scores.Questions.Select(scored => (VqaAccuracy.Plain(scored.Truth), VqaAccuracy.Plain(scored.Answer)))];
        string[] names =
            [.. pairs.CountBy(pair => pair.Truth).OrderByDescending(each => each.Value).Take(MostAnswers).Select(each => each.Key)];
        StringBuilder table = new("""
            <h2>Confusion of the commonest answers</h2><p>A row is a right answer, a column what the model said. Numbers are questions.</p>
            <div class="wide"><table><tr><th scope="col">right</th>
            """);
        foreach (string column in names.Append(Other))
            table.Append(CultureInfo.InvariantCulture, $"""<th class="n" scope="col">{Text(column)}</th>""");
        table.Append("</tr>\n");
        foreach (string truth in names)
        {
            string[] answers = [.. pairs.Where(pair => pair.Truth == truth).Select(pair => pair.Answer)];
            table.Append(CultureInfo.InvariantCulture, $"""<tr><th scope="row">{Text(truth)}</th>""");
            foreach (string? column in names.Append(null))
            {
                int count = answers.Count(answer => column is null ? !names.Contains(answer) : answer == column);
                double share = (double)count / answers.Length;
                string style = Format($"background: rgba(var(--cell), {0.6 * share:0.00})");
                table.Append(CultureInfo.InvariantCulture, $"""<td class="n" style="{style}">{count}</td>""");
            }
            table.Append("</tr>\n");
        }
        return table.Append("</table></div>\n").ToString();
    }

    private static string Flips(Comparison comparison)
    {
        StringBuilder table = new();
        table.Append(CultureInfo.InvariantCulture, $"""
            <h2>Answers that differ</h2><p>{comparison.Flips.Count} of {comparison.Common} questions: {comparison.Lost} lost,
            {comparison.Won} won. The margin says how far an answer is from being another, as a difference of log-probabilities; the
            largest come first.</p>
            <div class="wide"><table><tr><th scope="col">image</th><th scope="col">question</th><th scope="col">right</th>
            <th scope="col">this run</th><th scope="col">the other</th></tr>

            """);
        foreach ((Scored first, Scored second) in comparison.Flips.Take(MostFlips))
        {
            string[] cells = [first.Item.Image, first.Item.Question, first.Truth, EvalText.Describe(first), EvalText.Describe(second)];
            table.Append("<tr>").AppendJoin("", cells.Select(cell => $"<td>{Text(cell)}</td>")).Append("</tr>\n");
        }
        table.Append("</table></div>\n");
        if (comparison.Flips.Count > MostFlips)
            table.Append(Format($"<p>And {comparison.Flips.Count - MostFlips} more: blip eval --json has all.</p>\n"));
        return table.ToString();
    }

    /// <summary>The wrong answers with the highest confidence.</summary>
    private static async Task<string> WorstAsync(Scores scores, BlipModel? model, CancellationToken cancellationToken)
    {
        Scored[] worst =
        [
            .. scores.Questions.Where(scored => !scored.IsFailed && scored.Accuracy == 0)
                .OrderByDescending(scored => scored.Confidence ?? 0).Take(MostWorst),
        ];
        if (worst.Length == 0)
            return "<h2>Worst answers</h2><p>None: every answer is right, at least in part.</p>\n";
        string beside = model is null ? "" : $" Bright parts of the second image are what {Text(model.Info.Name)} looked at.";
        StringBuilder cards = new($"""
            <h2>Worst answers</h2><p>Wrong answers with the highest confidence.{beside}</p><div class="grid worst">

            """);
        using ImageReader reader = new(Images.ImageLimits.Default);
        foreach (Scored scored in worst)
        {
            string sure = scored.Confidence is { } confidence ? Format($", {100 * confidence:0} % sure") : "";
            string said = EvalText.Describe(scored with { Margin = null }) + sure;
            cards.Append(CultureInfo.InvariantCulture, $"""
                <div class="card"><div class="pictures">{await PicturesAsync(reader, scored, model, cancellationToken)}</div>
                <b>{Text(scored.Item.Question)}</b>{Text(said)}; right is {Text(scored.Truth)}
                <br><span>{Text(scored.Item.Image)}</span></div>

                """);
        }
        return cards.Append("</div>\n").ToString();
    }

    /// <summary>What stands above an answer: the image, and beside it where the question looked.</summary>
    private static async Task<string> PicturesAsync(
        ImageReader reader, Scored scored, BlipModel? model, CancellationToken cancellationToken)
    {
        try
        {
            BlipImage image = await reader.ReadAsync(scored.Item.File, cancellationToken);
            string plain = $"""<img alt="" src="{Thumbnail.Create(image, cancellationToken)}">""";
            return model is null ? plain : plain + $"""
                <img alt="Where it looked" src="{await Thumbnail.ExplainAsync(model, image, scored.Item.Question, cancellationToken)}">
                """;
        }
        catch (BlipException)
        {
            return "<span>The image was not found here. --images FOLDER names the folder of the images.</span>";
        }
    }

    private static string Percent(double share) => EvalText.Percent(share);

    private static string Text(string? text) => WebUtility.HtmlEncode(text) ?? "";

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
