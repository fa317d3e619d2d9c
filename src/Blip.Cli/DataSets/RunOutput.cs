using System.Globalization;
using System.Text;
using System.Text.Json;
using nietras.SeparatedValues;

namespace Blip.Cli.DataSets;

/// <summary>Writes the answers of a run in the form that the file's name says.</summary>
internal static class RunOutput
{
    /// <summary>The forms, as messages name them.</summary>
    public const string Forms = ".csv, .jsonl, .json (results of VQA v2) or .parquet";

    private static readonly byte[] NewLine = "\n"u8.ToArray();

    public static bool IsKnown(string file) => Form(file) is ".CSV" or ".JSONL" or ".JSON" or ".PARQUET";

    public static bool IsVqa(string file) => Form(file) is ".JSON";

    /// <summary>Writes the whole file and puts it in place at once.</summary>
    public static async Task WriteAsync(
        string file, DataSet data, IEnumerable<RunAnswer> answers, CancellationToken cancellationToken)
    {
        string partial = PartialOutput.Beside(file);
        try
        {
            await using (FileStream to = File.Create(partial))
            {
                IEnumerable<(DataItem, RunAnswer)> rows = data.Items.Zip(answers);
                switch (Form(file))
                {
                    case ".CSV":
                        WriteCsv(to, data, rows);
                        break;
                    case ".JSONL":
                        WriteJsonLines(to, data, rows);
                        break;
                    case ".JSON":
                        WriteVqa(to, rows);
                        break;
                    default:
                        DataValue?[][] all = [.. rows.Select(row => Cells(data, row.Item1, row.Item2, isJson: false))];
                        await ParquetTable.WriteAsync(to, Columns(data), all, cancellationToken);
                        break;
                }
            }
            File.Move(partial, file, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static string Form(string file) => Path.GetExtension(file).ToUpperInvariant();

    private static string[] Columns(DataSet data) =>
    [
        .. data.HasIds ? ["id"] : (string[])[], "image", "question", "answer", "confidence", "margin",
        .. data.HasTruth ? ["truth"] : (string[])[], .. data.Columns, "error",
    ];

    private static DataValue?[] Cells(DataSet data, DataItem item, RunAnswer answer, bool isJson) =>
    [
        .. data.HasIds ? [item.Id] : (DataValue?[])[], new DataValue(item.Image), new DataValue(item.Question),
        answer.Text is { } text ? new DataValue(text) : null, RunAnswer.Cell(answer.Confidence), RunAnswer.Cell(answer.Margin),
        .. data.HasTruth ? [item.Truth is { } truth ? new DataValue(truth) : null] : (DataValue?[])[], .. item.Others,
        answer.ErrorMessage is not { } message ? null : isJson ? ErrorObject(answer) : new DataValue(message),
    ];

    private static DataValue ErrorObject(RunAnswer answer)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json, JsonLines.Readable))
            answer.WriteError(writer);
        return new DataValue(Encoding.UTF8.GetString(json.ToArray()), IsJson: true);
    }

    private static void WriteCsv(Stream to, DataSet data, IEnumerable<(DataItem Item, RunAnswer Answer)> rows)
    {
        string[] columns = Columns(data);
        using SepWriter writer = CsvTable.Write(to);
        foreach ((DataItem item, RunAnswer answer) in rows)
        {
            DataValue?[] cells = Cells(data, item, answer, isJson: false);
            using SepWriter.Row row = writer.NewRow();
            for (int i = 0; i < columns.Length; i++)
                row[columns[i]].Set(cells[i]?.Text ?? "");
        }
    }

    private static void WriteJsonLines(Stream to, DataSet data, IEnumerable<(DataItem Item, RunAnswer Answer)> rows)
    {
        string[] columns = Columns(data);
        using Utf8JsonWriter writer = new(to, JsonLines.Readable);
        foreach ((DataItem item, RunAnswer answer) in rows)
        {
            DataValue?[] cells = Cells(data, item, answer, isJson: true);
            writer.WriteStartObject();
            for (int i = 0; i < columns.Length; i++)
            {
                if (cells[i] is not { } cell)
                    continue;
                writer.WritePropertyName(columns[i]);
                cell.Write(writer);
            }
            writer.WriteEndObject();
            writer.Flush();
            to.Write(NewLine);
            writer.Reset();
        }
    }

    /// <summary>A failure has an empty answer: the official tool wants one for every question.</summary>
    private static void WriteVqa(Stream to, IEnumerable<(DataItem Item, RunAnswer Answer)> rows)
    {
        using Utf8JsonWriter writer = new(to, JsonLines.Readable);
        writer.WriteStartArray();
        foreach ((DataItem item, RunAnswer answer) in rows)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("question_id");
            if (long.TryParse(item.Id!.Value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long id))
                writer.WriteNumberValue(id);
            else
                item.Id.Value.Write(writer);
            writer.WriteString("answer", answer.Text ?? "");
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
