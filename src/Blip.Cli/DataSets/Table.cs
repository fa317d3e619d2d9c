namespace Blip.Cli.DataSets;

/// <summary>A row of a table.</summary>
/// <param name="Number">Its line, or its number where the file has no lines; from 1.</param>
/// <param name="Cells">A cell for each column; <see langword="null"/> where there is no value.</param>
internal readonly record struct TableRow(long Number, DataValue?[] Cells);

/// <summary>A file of rows with named columns: CSV, JSON lines or Parquet.</summary>
/// <param name="Name">The file as the user named it.</param>
/// <param name="Unit">What <see cref="TableRow.Number"/> counts: <c>line</c> or <c>row</c>.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">The rows, in order.</param>
internal sealed record Table(string Name, string Unit, IReadOnlyList<string> Columns, IReadOnlyList<TableRow> Rows)
{
    /// <summary>The files that can be read, as messages name them.</summary>
    public const string Forms = ".csv, .tsv, .jsonl or .parquet";

    /// <exception cref="BlipException">The file cannot be read as what its name says; with the line's number.</exception>
    public static async Task<Table> ReadAsync(string file, CancellationToken cancellationToken)
    {
        Table table = Path.GetExtension(file).ToUpperInvariant() switch
        {
            ".CSV" or ".TSV" => CsvTable.Read(file, cancellationToken),
            ".JSONL" or ".NDJSON" => await JsonLinesTable.ReadAsync(file, cancellationToken),
            ".PARQUET" => await ParquetTable.ReadAsync(file, cancellationToken),
            _ when Directory.Exists(file) => throw new BlipException(
                BlipErrorCode.InvalidRequest, $"{file} is a folder, not a table. Name a file that ends with {Forms}."),
            _ when !File.Exists(file) => throw new BlipException(BlipErrorCode.FileNotFound, $"There is no file or folder {file}."),
            _ => throw new BlipException(
                BlipErrorCode.InvalidRequest, $"{file} is not a table that Blip reads. Name a file that ends with {Forms}."),
        };
        return table.Rows.Count > 0 ? table : throw new BlipException(BlipErrorCode.InvalidRequest, $"{file} has no rows.");
    }

    /// <summary>The place of a column; -1 where there is none.</summary>
    public int Find(string name)
    {
        for (int i = 0; i < Columns.Count; i++)
        {
            if (string.Equals(Columns[i], name, StringComparison.OrdinalIgnoreCase))
                return i;
        }
        return -1;
    }

    /// <summary>The place of a column that must be there.</summary>
    /// <exception cref="BlipException">There is none.</exception>
    public int Require(string name) => Find(name) is >= 0 and int found ? found : throw new BlipException(
        BlipErrorCode.InvalidRequest, $"{Name} has no column {name}. Its columns are {string.Join(", ", Columns)}.");

    public BlipException Wrong(TableRow row, string what) => Wrong(Name, Unit, row.Number, what);

    /// <summary>What is wrong in a file, and where.</summary>
    public static BlipException Wrong(string file, string unit, long number, string what, Exception? cause = null) =>
        new(BlipErrorCode.InvalidRequest, FormattableString.Invariant($"{file}, {unit} {number}: {what}"), cause);
}
