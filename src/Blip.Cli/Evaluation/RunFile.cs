using System.Globalization;
using System.Text.Json;
using Blip.Cli.DataSets;

namespace Blip.Cli.Evaluation;

/// <summary>Reads runs and scores their answers.</summary>
internal static class RunFile
{
    /// <summary>Reads what <c>blip run</c> wrote. Questions whose right answer is not known are left out.</summary>
    /// <param name="file">A table with image, question, answer and truth.</param>
    /// <param name="images">The folder of the images; <see langword="null"/> for the run's own.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="BlipException">It is not a run, or has no right answers.</exception>
    public static async Task<IReadOnlyList<Scored>> ReadAsync(string file, string? images, CancellationToken cancellationToken)
    {
        if (VqaFiles.IsQuestions(file))
            throw Wrong($"{file} has only answers. Give the other files too: --questions Q --annotations A --results {file}.");
        Table table = await Table.ReadAsync(file, cancellationToken);
        int answer = table.Require("answer"), confidence = table.Find("confidence"), margin = table.Find("margin");
        int error = table.Find("error");
        if (table.Find("truth") < 0)
        {
            throw Wrong($"{file} has no column truth, so the right answers are unknown. Run a data set with a column answer: "
                + "blip run DATA --out OUT.");
        }
        DataSet data = DataSet.FromTable(table, images);
        Scored[] scored = [.. data.Items.Zip(table.Rows).Where(each => each.First.Truth is not null).Select(Read)];
        return scored.Length > 0 ? scored : throw Wrong($"In {file} the column truth is empty, so the right answers are unknown.");

        Scored Read((DataItem Item, TableRow Row) each)
        {
            // Nothing is an answer too, but not where the question failed.
            string? given = error >= 0 && each.Row.Cells[error] is not null ? null : each.Row.Cells[answer]?.Text ?? "";
            return Score(data, each.Item, given, Number(each.Row, confidence), Number(each.Row, margin));
        }

        double? Number(TableRow row, int column)
        {
            if (column < 0 || row.Cells[column] is not { } cell)
                return null;
            return double.TryParse(cell.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number) && (column != confidence || number is >= 0 and <= 1)
                ? number
                : throw table.Wrong(
                    row, $"{table.Columns[column]} is {cell.Text}, but must be a number{(column == confidence ? ", 0 to 1" : "")}.");
        }
    }

    /// <summary>Reads the files of the VQA challenge.</summary>
    /// <param name="questions">Questions, annotations and the folder of their images.</param>
    /// <param name="results">The file of results.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="BlipException">A file is no such file, or they do not belong together.</exception>
    public static async Task<IReadOnlyList<Scored>> ReadVqaAsync(DataSource questions, string results, CancellationToken cancellationToken)
    {
        DataSet data = await VqaFiles.ReadAsync(questions, cancellationToken);
        Dictionary<string, string> answers = await VqaFiles.ReadResultsAsync(results, cancellationToken);
        if (data.Items.FirstOrDefault(item => item.Truth is null) is { } unknown)
            throw Wrong($"{questions.Annotations} does not annotate {unknown.Place} of {questions.Data}.");
        if (data.Items.FirstOrDefault(item => !answers.ContainsKey(item.Id!.Value.Text)) is { } missing)
            throw Wrong($"{results} does not answer {missing.Place} of {questions.Data}. It must answer all of them.");
        if (answers.Count > data.Items.Count)
        {
            HashSet<string> known = [.. data.Items.Select(item => item.Id!.Value.Text)];
            string stray = answers.Keys.First(id => !known.Contains(id));
            throw Wrong($"{results} answers question {stray}, which {questions.Data} does not have.");
        }
        return [.. data.Items.Select(item => Score(data, item, answers[item.Id!.Value.Text], null, null))];
    }

    private static Scored Score(DataSet data, DataItem item, string? answer, double? confidence, double? margin)
    {
        string truth = item.Truth!, given = answer ?? "";
        string[]? people = People(Other(VqaFiles.Answers));
        double accuracy = answer is null ? 0 : people is null ? VqaAccuracy.Of(given, truth) : VqaAccuracy.Of(given, people);
        return new Scored(
            item, given, confidence, margin, answer is null, accuracy,
            Other(VqaFiles.QuestionType)?.Text ?? TypeOfQuestion(item.Question), Other(VqaFiles.AnswerType)?.Text ?? TypeOfAnswer(truth));

        DataValue? Other(string name) => data.Columns.ToList().IndexOf(name) is >= 0 and int column ? item.Others[column] : null;
    }

    /// <summary>
    /// The answers of several people: a JSON list of strings, or of objects with <c>answer</c> as in VQA v2, also as the text of a cell.
    /// </summary>
    private static string[]? People(DataValue? cell)
    {
        if (cell is not { } list || !list.Text.StartsWith('['))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(list.Text);
            string[] answers =
            [
                .. document.RootElement.EnumerateArray().Select(each =>
                    (each.ValueKind == JsonValueKind.Object ? each.GetProperty("answer") : each).GetString() ?? ""),
            ];
            return answers.Length > 0 ? answers : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static string TypeOfQuestion(string question)
    {
        string[] words = question.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Take(2)).ToLowerInvariant();
    }

    private static string TypeOfAnswer(string truth) => VqaAccuracy.Plain(truth) switch
    {
        "yes" or "no" => "yes/no",
        string plain when double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => "number",
        _ => "other",
    };

    private static BlipException Wrong(string message) => new(BlipErrorCode.InvalidRequest, message);
}
