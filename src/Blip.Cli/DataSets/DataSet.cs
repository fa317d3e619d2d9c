using Blip.Cli.Asking;

namespace Blip.Cli.DataSets;

/// <summary>Where a data set lies.</summary>
/// <param name="Data">A table, a folder of images, or the questions of VQA v2 (<c>.json</c>).</param>
/// <param name="Questions">With a folder: the file with a question on each line that is asked about every image.</param>
/// <param name="Annotations">With VQA v2: the file of annotations, which has the right answers.</param>
/// <param name="Images">The folder that paths of images are relative to; <see langword="null"/> for the data set's own.</param>
/// <param name="Recursive">Whether a folder stands for the images in its subfolders too.</param>
internal sealed record DataSource(
    string Data, string? Questions = null, string? Annotations = null, string? Images = null, bool Recursive = false);

/// <summary>
/// Questions about images, with right answers where there are any. All of them are read, and found readable, before one is asked.
/// </summary>
/// <param name="Name">The file or folder as the user named it.</param>
/// <param name="Columns">The names of the columns that are carried through.</param>
/// <param name="Items">The questions, in the order of the data set; at least one.</param>
internal sealed record DataSet(string Name, IReadOnlyList<string> Columns, IReadOnlyList<DataItem> Items)
{
    private const string Image = "image", Question = "question", Answer = "answer", Id = "id", Truth = "truth", Confidence = "confidence",
        Margin = "margin";

    /// <summary>The columns that a run writes itself; those of a former run are left out.</summary>
    public static IReadOnlyList<string> OwnColumns { get; } = [Id, Image, Question, Answer, Confidence, Margin, Truth, "error"];

    /// <summary>Whether questions have ids.</summary>
    public bool HasIds { get; } = Items.Any(item => item.Id is not null);

    /// <summary>Whether questions have right answers.</summary>
    public bool HasTruth { get; } = Items.Any(item => item.Truth is not null);

    /// <exception cref="BlipException">It cannot be read, or has no questions; the message says where and what to do.</exception>
    public static async Task<DataSet> ReadAsync(DataSource source, CancellationToken cancellationToken)
    {
        bool isFolder = Directory.Exists(source.Data), isVqa = !isFolder && VqaFiles.IsQuestions(source.Data);
        if (isFolder != source.Questions is not null)
        {
            throw Wrong(isFolder
                ? $"{source.Data} is a folder of images. Give the questions: --questions FILE, with one question on each line."
                : $"--questions is for a folder of images, but {source.Data} is not one. Leave it out.");
        }
        if (!isVqa && source.Annotations is not null)
            throw Wrong($"--annotations is for the questions of VQA v2 (.json), but {source.Data} is something else. Leave it out.");
        if (isFolder && source.Images is not null)
            throw Wrong($"--images names the folder of a table's images, but {source.Data} is a folder of images itself. Leave it out.");
        if (isFolder)
            return FromFolder(source);
        return isVqa
            ? await VqaFiles.ReadAsync(source, cancellationToken)
            : FromTable(await Table.ReadAsync(source.Data, cancellationToken), source.Images);
    }

    /// <summary>The folder that a data set's images lie in, as the user named it; empty for the working directory.</summary>
    /// <exception cref="BlipException">There is no such folder.</exception>
    public static string FolderOf(string data, string? images)
    {
        // Each image would be missing, and a report would just show none.
        if (images is { Length: > 0 } && ImageReader.IsFile(images) && !Directory.Exists(images))
            throw new BlipException(BlipErrorCode.FileNotFound, $"There is no folder {images}. Name one that exists after --images.");
        return images ?? Path.GetDirectoryName(data) ?? "";
    }

    /// <summary>The path that an image's name stands for.</summary>
    public static string FileOf(string image, string folder) => ImageReader.IsFile(image) ? Path.Combine(folder, image) : image;

    /// <summary>The data set that a table is.</summary>
    /// <exception cref="BlipException">A column is missing, or a cell is empty.</exception>
    public static DataSet FromTable(Table table, string? images)
    {
        int image = table.Require(Image), question = table.Require(Question), answer = table.Find(Answer), id = table.Find(Id);
        // What a run wrote is a data set too: there the model's word is the answer, and the right one, if it is known, the truth.
        bool isRun = table.Find(Truth) >= 0 || (table.Find(Confidence) >= 0 && table.Find(Margin) >= 0);
        int truth = isRun ? table.Find(Truth) : answer;
        int[] others =
        [
            .. Enumerable.Range(0, table.Columns.Count).Where(column =>
                !OwnColumns.Contains(table.Columns[column], StringComparer.OrdinalIgnoreCase)),
        ];
        if (!isRun && OwnColumns.Except([Id, Image, Question, Answer]).FirstOrDefault(name => table.Find(name) >= 0) is { } taken)
            throw Wrong($"{table.Name} has a column {taken}, which a run writes itself. Rename it.");
        string folder = FolderOf(table.Name, images);
        return new DataSet(table.Name, [.. others.Select(column => table.Columns[column])], [.. table.Rows.Select(Read)]);

        DataItem Read(TableRow row)
        {
            string name = Text(row, image, Image), text = Text(row, question, Question);
            return new DataItem(
                FormattableString.Invariant($"{table.Unit} {row.Number}"), id < 0 ? null : row.Cells[id], name, FileOf(name, folder), text,
                truth < 0 ? null : Right(row), [.. others.Select(column => row.Cells[column])]);
        }

        // Counted as one answer, a list of them would be wrong whatever the model says.
        string? Right(TableRow row) => row.Cells[truth] is not { } cell ? null
            : !cell.IsJson || cell.Text[0] is not ('[' or '{') ? cell.Text
            : throw table.Wrong(row, $"{table.Columns[truth]} is not text. The answers of several people stand in a column answers.");

        string Text(TableRow row, int column, string name) => row.Cells[column] switch
        {
            { IsJson: false } cell when !string.IsNullOrWhiteSpace(cell.Text) => cell.Text,
            { IsJson: true } => throw table.Wrong(row, $"{name} is not text."),
            _ => throw table.Wrong(row, $"{name} is empty."),
        };
    }

    private static DataSet FromFolder(DataSource source)
    {
        string[] questions = InputLines.ReadTexts(source.Questions!);
        if (questions.Length == 0)
            throw Wrong($"{source.Questions} has no questions. Write one on each line.");
        return new DataSet(source.Data, [],
        [
            .. from image in ImageNames.ExpandAny([source.Data], source.Recursive)
               from question in questions
               let name = Path.GetRelativePath(source.Data, image.Name)
               select new DataItem(name, null, name, image.Name, question, null, []),
        ]);
    }

    private static BlipException Wrong(string message) => new(BlipErrorCode.InvalidRequest, message);
}
