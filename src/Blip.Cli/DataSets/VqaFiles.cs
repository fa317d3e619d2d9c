using System.Globalization;
using System.Text;
using System.Text.Json;
using Blip.Cli.Asking;

namespace Blip.Cli.DataSets;

/// <summary>
/// The files of the VQA challenge (visualqa.org, version 2): <c>questions</c> with an id, an image's number and a text, <c>annotations</c>
/// with ten people's answers for each, and results, which are pairs of an id and an answer.
/// </summary>
internal static class VqaFiles
{
    /// <summary>The columns that annotations give.</summary>
    public const string QuestionType = "question_type", AnswerType = "answer_type", Answers = "answers";

    private const string Questions = "questions", Annotations = "annotations", QuestionId = "question_id";

    public static bool IsQuestions(string file) => Path.GetExtension(file).Equals(".json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads questions, with their annotations where the source names them.</summary>
    /// <exception cref="BlipException">A file is no such file, or something in it is missing.</exception>
    public static async Task<DataSet> ReadAsync(DataSource source, CancellationToken cancellationToken)
    {
        using JsonDocument document = await ParseAsync(source.Data, cancellationToken);
        JsonElement.ArrayEnumerator questions = List(document, source.Data, Questions, "the questions of VQA v2: an object with questions");
        Dictionary<string, Annotation>? annotations =
            source.Annotations is { } file ? await ReadAnnotationsAsync(file, cancellationToken) : null;
        string folder = DataSet.FolderOf(source.Data, source.Images);
        ImageNumbers images = new(folder, Member(document.RootElement, "data_subtype", source.Data)?.Text ?? "");
        List<DataItem> items = [];
        foreach (JsonElement each in questions)
        {
            string place = FormattableString.Invariant($"{source.Data}, {Questions}[{items.Count}]");
            DataValue id = Value(each, QuestionId, place);
            string image = images.Find(Value(each, "image_id", place).Text);
            Annotation? annotation = annotations?.GetValueOrDefault(id.Text);
            items.Add(new DataItem(
                $"question {id.Text}", id, image, Path.Combine(folder, image), Value(each, "question", place).Text,
                annotation?.Answer, annotations is null ? [] : annotation?.Cells ?? [null, null, null]));
        }
        return items.Count > 0
            ? new DataSet(source.Data, annotations is null ? [] : [QuestionType, AnswerType, Answers], items)
            : throw Wrong($"{source.Data} has no questions.");
    }

    /// <summary>Reads results: the answers by the ids of their questions.</summary>
    /// <exception cref="BlipException">The file is no such file.</exception>
    public static async Task<Dictionary<string, string>> ReadResultsAsync(string file, CancellationToken cancellationToken)
    {
        using JsonDocument document = await ParseAsync(file, cancellationToken);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw Wrong($"{file} has no results of VQA v2: a list of objects with {QuestionId} and answer.");
        Dictionary<string, string> answers = new(StringComparer.Ordinal);
        foreach (JsonElement each in document.RootElement.EnumerateArray())
        {
            string place = FormattableString.Invariant($"{file}, [{answers.Count}]"), id = Value(each, QuestionId, place).Text;
            if (!answers.TryAdd(id, Value(each, "answer", place).Text))
                throw Wrong($"{file} answers question {id} twice.");
        }
        return answers;
    }

    private static async Task<Dictionary<string, Annotation>> ReadAnnotationsAsync(string file, CancellationToken cancellationToken)
    {
        using JsonDocument document = await ParseAsync(file, cancellationToken);
        Dictionary<string, Annotation> annotations = new(StringComparer.Ordinal);
        foreach (JsonElement each in List(document, file, Annotations, "the annotations of VQA v2: an object with annotations"))
        {
            string place = FormattableString.Invariant($"{file}, {Annotations}[{annotations.Count}]");
            string id = Value(each, QuestionId, place).Text;
            if (!each.TryGetProperty(Answers, out JsonElement given) || given.ValueKind != JsonValueKind.Array)
                throw Wrong($"{place}: {Answers} is missing.");
            string[] answers = [.. given.EnumerateArray().Select(answer => Value(answer, "answer", place).Text)];
            string? common = Member(each, "multiple_choice_answer", place)?.Text
                ?? answers.GroupBy(answer => answer).MaxBy(group => group.Count())?.Key;
            DataValue?[] cells = [Member(each, QuestionType, place), Member(each, AnswerType, place), JsonList(answers)];
            if (!annotations.TryAdd(id, new Annotation(common, cells)))
                throw Wrong($"{file} annotates question {id} twice.");
        }
        return annotations;
    }

    private static DataValue JsonList(string[] texts)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json, JsonLines.Readable))
        {
            writer.WriteStartArray();
            foreach (string text in texts)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
        }
        return new DataValue(Encoding.UTF8.GetString(json.GetBuffer(), 0, (int)json.Length), IsJson: true);
    }

    private static async Task<JsonDocument> ParseAsync(string file, CancellationToken cancellationToken)
    {
        using StreamReader reader = InputLines.Open(file, Encoding.UTF8);
        try
        {
            return await JsonDocument.ParseAsync(reader.BaseStream, cancellationToken: cancellationToken);
        }
        catch (JsonException exception)
        {
            throw Table.Wrong(file, "line", (exception.LineNumber ?? 0) + 1, "this is not valid JSON.", exception);
        }
    }

    private static JsonElement.ArrayEnumerator List(JsonDocument document, string file, string name, string what) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out JsonElement list)
            && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray()
            : throw Wrong($"{file} does not have {what}.");

    /// <param name="element">The object.</param>
    /// <param name="name">The member.</param>
    /// <param name="place">Where the object is, for an error: the file, and what is in it.</param>
    private static DataValue? Member(JsonElement element, string name, string place)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
                ? DataValue.From(value) : null;
        }
        catch (InvalidOperationException exception)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{place}: {name} is not valid Unicode.", exception);
        }
    }

    private static DataValue Value(JsonElement element, string name, string place) =>
        Member(element, name, place) ?? throw Wrong($"{place}: {name} is missing.");

    private static BlipException Wrong(string message) => new(BlipErrorCode.InvalidRequest, message);

    /// <param name="Answer">The answer that most people gave.</param>
    /// <param name="Cells">The question's type, the answer's type, all answers.</param>
    private sealed record Annotation(string? Answer, DataValue?[] Cells);

    /// <summary>
    /// Finds images by their numbers: a file's name ends with it, as <c>COCO_val2014_000000000042.jpg</c> and <c>42.png</c> do.
    /// </summary>
    private sealed class ImageNumbers
    {
        private readonly Dictionary<long, string> _files = [];
        private readonly string _subtype;

        public ImageNumbers(string folder, string subtype)
        {
            _subtype = subtype;
            IEnumerable<ImageName> images = ImageNames.Expand([folder.Length == 0 ? "." : folder], recursive: false);
            foreach (ImageName image in images.Where(image => image.Error is null))
            {
                string name = Path.GetFileName(image.Name), stem = Path.GetFileNameWithoutExtension(name);
                string digits = stem[(stem.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1)..];
                // Where two parts of COCO lie side by side, the one that the questions are about wins.
                if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                    && (!_files.ContainsKey(number) || stem.Contains(subtype, StringComparison.Ordinal)))
                    _files[number] = name;
            }
        }

        /// <summary>The file's name; that of COCO where there is none, so that the error names what is missing.</summary>
        public string Find(string id) =>
            !long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? id
            : _files.GetValueOrDefault(number) ?? FormattableString.Invariant($"COCO_{_subtype}_{number:D12}.jpg");
    }
}
