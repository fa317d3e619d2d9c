using System.Text.Json;

namespace Blip.Cli.DataSets;

/// <summary>A JSON object on each line. Lines may have different members; a table has the columns of all.</summary>
internal static class JsonLinesTable
{
    private const string Unit = "line";

    /// <exception cref="BlipException">A line cannot be read.</exception>
    public static async Task<Table> ReadAsync(string file, CancellationToken cancellationToken)
    {
        using StreamReader lines = InputLines.OpenOrdinary(file);
        List<string> columns = [];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        List<(long Number, List<(int Column, DataValue Value)> Members)> read = [];
        for (long number = 1; await InputLines.NextAsync(lines, cancellationToken) is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
                read.Add((number, Read(line, number)));
        }
        return new Table(file, Unit, columns, [.. read.Select(row => new TableRow(row.Number, Spread(row.Members)))]);

        List<(int, DataValue)> Read(string line, long number)
        {
            if (!InputLines.IsUtf8(line))
                throw Table.Wrong(file, Unit, number, "this is not text in UTF-8.");
            List<(int, DataValue)> members = [];
            HashSet<string> names = new(StringComparer.Ordinal);
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                    throw Table.Wrong(file, Unit, number, "this is not a JSON object.");
                foreach (JsonProperty member in document.RootElement.EnumerateObject())
                {
                    if (!names.Add(member.Name))
                        throw Table.Wrong(file, Unit, number, $"\"{member.Name}\" is there more than once.");
                    if (!places.TryGetValue(member.Name, out int place))
                    {
                        places.Add(member.Name, place = columns.Count);
                        columns.Add(member.Name);
                    }
                    if (DataValue.From(member.Value) is { } value)
                        members.Add((place, value));
                }
                return members;
            }
            catch (JsonException exception)
            {
                throw Table.Wrong(file, Unit, number, "this is not valid JSON. Write one object on each line.", exception);
            }
            catch (InvalidOperationException exception)
            {
                throw Table.Wrong(file, Unit, number, "a text has half of a surrogate pair. Write whole characters.", exception);
            }
        }

        DataValue?[] Spread(List<(int Column, DataValue Value)> members)
        {
            DataValue?[] cells = new DataValue?[columns.Count];
            foreach ((int column, DataValue value) in members)
                cells[column] = value;
            return cells;
        }
    }
}
