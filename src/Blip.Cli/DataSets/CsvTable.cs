using System.Text;
using nietras.SeparatedValues;

namespace Blip.Cli.DataSets;

/// <summary>
/// Tables with commas, semicolons or tabs; the line of headings tells which. Cells in quotes may hold line ends, and a byte order mark may
/// come first, as spreadsheets write them.
/// </summary>
internal static class CsvTable
{
    private const string Unit = "line";

    /// <exception cref="BlipException">A line cannot be read.</exception>
    public static Table Read(string file, CancellationToken cancellationToken)
    {
        using StreamReader text = InputLines.Open(file, InputLines.Utf8);
        List<TableRow> rows = [];
        string[] columns = [];
        long line = 0;
        try
        {
            // Rows of another length are found below, with a message that says what to do.
            using SepReader reader = Sep
                .Reader(options => options with { HasHeader = false, Unescape = true, DisableColCountCheck = true }).From(text);
            foreach (SepReader.Row row in reader)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // The reader takes the first row twice, to find the separator, and counts it so.
                line = line == 0 ? 1 : row.LineNumberFrom;
                if (row.Span.IsEmpty || row.Span.IsWhiteSpace())
                    continue;
                // Cells lose their quotes in place when they are read, so this comes first.
                if (row.Span.Count('"') % 2 != 0)
                    throw Table.Wrong(file, Unit, line, "a quote is opened and never closed. Inside quotes, write a quote twice.");
                if (columns.Length == 0)
                {
                    columns = Headings(file, line, row);
                    continue;
                }
                if (row.ColCount != columns.Length)
                {
                    throw Table.Wrong(
                        file, Unit, line, $"there are {row.ColCount} cells for {columns.Length} columns. A cell that holds "
                        + $"'{reader.Spec.Sep.Separator}' needs quotes.");
                }
                DataValue?[] cells = new DataValue?[columns.Length];
                for (int i = 0; i < cells.Length; i++)
                    cells[i] = DataValue.FromText(row[i].ToString());
                rows.Add(new TableRow(line, cells));
            }
        }
        catch (DecoderFallbackException exception)
        {
            throw Table.Wrong(
                file, Unit, FirstNotUtf8(file), "the text is not UTF-8. In a spreadsheet, save it as 'CSV UTF-8'.", exception);
        }
        catch (Exception exception) when (exception is InvalidDataException or NotSupportedException)
        {
            throw Table.Wrong(file, Unit, line, exception.Message, exception);
        }
        return new Table(file, Unit, columns, rows);
    }

    public static SepWriter Write(Stream to) => Sep.New(',').Writer(options => options with { Escape = true }).To(to, leaveOpen: true);

    /// <summary>The first line that is not UTF-8. The reader, which decodes many lines at once, does not know it.</summary>
    private static long FirstNotUtf8(string file)
    {
        using StreamReader lines = InputLines.OpenOrdinary(file);
        long number = 1;
        while (lines.ReadLine() is { } line && InputLines.IsUtf8(line))
            number++;
        return number;
    }

    private static string[] Headings(string file, long line, SepReader.Row row)
    {
        string[] names = new string[row.ColCount];
        for (int i = 0; i < names.Length; i++)
        {
            string name = row[i].ToString().Trim();
            if (name.Length == 0)
                throw Table.Wrong(file, Unit, line, $"the heading of column {i + 1} is empty. Write a name, or leave the column out.");
            if (names.Take(i).Contains(name, StringComparer.OrdinalIgnoreCase))
                throw Table.Wrong(file, Unit, line, $"two columns are called {name}.");
            names[i] = name;
        }
        return names;
    }
}
