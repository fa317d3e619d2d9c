using System.Globalization;
using System.Text;
using Parquet;
using Parquet.Schema;

namespace Blip.Cli.DataSets;

/// <summary>Parquet files with columns of texts, numbers, dates, and true or false. Nested columns are not read.</summary>
internal static class ParquetTable
{
    private const string Unit = "row";

    /// <exception cref="BlipException">The file is damaged, or has a column of another kind.</exception>
    public static async Task<Table> ReadAsync(string file, CancellationToken cancellationToken)
    {
        using StreamReader opened = InputLines.Open(file, Encoding.UTF8);
        try
        {
            await using ParquetReader reader = await ParquetReader.CreateAsync(opened.BaseStream, cancellationToken: cancellationToken);
            DataField[] fields = reader.Schema.GetDataFields();
            List<TableRow> rows = [];
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using ParquetRowGroupReader part = reader.OpenRowGroupReader(group);
                int first = rows.Count, count = checked((int)part.RowCount);
                for (int i = 0; i < count; i++)
                    rows.Add(new TableRow(first + i + 1, new DataValue?[fields.Length]));
                for (int column = 0; column < fields.Length; column++)
                {
                    DataValue?[] cells = await ReadAsync(file, part, fields[column], count, cancellationToken);
                    for (int i = 0; i < count; i++)
                        rows[first + i].Cells[column] = cells[i];
                }
            }
            return new Table(file, Unit, [.. fields.Select(field => field.Name)], rows);
        }
        catch (Exception exception) when (exception is not (BlipException or OperationCanceledException))
        {
            // A damaged file shows in many ways.
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{file} cannot be read as Parquet: {exception.Message}", exception);
        }
    }

    /// <summary>Writes one group of rows. A column whose values are all numbers is one of numbers.</summary>
    public static async Task WriteAsync(
        Stream to, IReadOnlyList<string> columns, IReadOnlyList<DataValue?[]> rows, CancellationToken cancellationToken)
    {
        DataField[] fields = [.. columns.Select((name, column) => new DataField(name, KindOf(rows, column), isNullable: true))];
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(
            new ParquetSchema(fields), to, cancellationToken: cancellationToken);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int column = 0; column < fields.Length; column++)
        {
            DataField field = fields[column];
            IEnumerable<string?> texts = rows.Select(row => row[column]?.Text);
            if (field.ClrType == typeof(long))
                await group.WriteAsync(field, Numbers(texts, Whole), cancellationToken: cancellationToken);
            else if (field.ClrType == typeof(double))
                await group.WriteAsync(field, Numbers(texts, Real), cancellationToken: cancellationToken);
            else
                await group.WriteAsync(field, [.. texts!]);
        }
        group.CompleteValidate();
    }

    private static ReadOnlyMemory<T?> Numbers<T>(IEnumerable<string?> texts, Func<string, T?> parse)
        where T : struct => texts.Select(text => text is null ? null : parse(text)).ToArray();

    private static long? Whole(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static double? Real(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;

    private static Type KindOf(IReadOnlyList<DataValue?[]> rows, int column)
    {
        DataValue[] values = [.. rows.Select(row => row[column]).OfType<DataValue>()];
        if (values.Length == 0 || !values.All(value => value.IsJson && Real(value.Text) is not null))
            return typeof(string);
        if (values.All(value => Whole(value.Text) is not null))
            return typeof(long);
        // Whole numbers of more digits than a number has, as some ids are, stay as they are written.
        return values.Any(value => value.Text.TrimStart('-').All(char.IsAsciiDigit) && Whole(value.Text) is null)
            ? typeof(string) : typeof(double);
    }

    private static async Task<DataValue?[]> ReadAsync(
        string file, ParquetRowGroupReader group, DataField field, int count, CancellationToken cancellationToken)
    {
        if (field.MaxRepetitionLevel > 0 || field.Path.Length > 1)
            throw Wrong("nested");
        if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            string?[] texts = new string?[count];
            await group.ReadAsync(field, texts!.AsMemory(), cancellationToken: cancellationToken);
            return [.. texts.Select(text => text is null ? null : DataValue.FromText(text))];
        }
        return field.ClrType switch
        {
            Type t when t == typeof(long) => await ReadAsync<long>(group, field, count, cancellationToken),
            Type t when t == typeof(int) => await ReadAsync<int>(group, field, count, cancellationToken),
            Type t when t == typeof(short) => await ReadAsync<short>(group, field, count, cancellationToken),
            Type t when t == typeof(byte) => await ReadAsync<byte>(group, field, count, cancellationToken),
            Type t when t == typeof(sbyte) => await ReadAsync<sbyte>(group, field, count, cancellationToken),
            Type t when t == typeof(ushort) => await ReadAsync<ushort>(group, field, count, cancellationToken),
            Type t when t == typeof(uint) => await ReadAsync<uint>(group, field, count, cancellationToken),
            Type t when t == typeof(ulong) => await ReadAsync<ulong>(group, field, count, cancellationToken),
            Type t when t == typeof(double) => await ReadAsync<double>(group, field, count, cancellationToken),
            Type t when t == typeof(float) => await ReadAsync<float>(group, field, count, cancellationToken),
            Type t when t == typeof(decimal) => await ReadAsync<decimal>(group, field, count, cancellationToken),
            Type t when t == typeof(DateTime) => await ReadAsync<DateTime>(group, field, count, cancellationToken),
            Type t when t == typeof(bool) => await ReadAsync<bool>(group, field, count, cancellationToken),
            _ => throw Wrong(field.ClrType.Name),
        };

        BlipException Wrong(string kind) => new(
            BlipErrorCode.InvalidRequest,
            $"{file}: column {field.Path.FirstPart} is {kind}, which cannot be read. Leave it out, or make it text.");
    }

    private static async Task<DataValue?[]> ReadAsync<T>(
        ParquetRowGroupReader group, DataField field, int count, CancellationToken cancellationToken)
        where T : struct
    {
        if (!field.IsNullable)
        {
            T[] all = new T[count];
            await group.ReadAsync(field, all.AsMemory(), cancellationToken: cancellationToken);
            return [.. all.Select(value => Cell(value))];
        }
        T?[] values = new T?[count];
        await group.ReadAsync<T>(field, values.AsMemory(), cancellationToken: cancellationToken);
        return [.. values.Select(value => value is { } given ? Cell(given) : null)];

        static DataValue? Cell(object value) => value switch
        {
            // JSON has no such numbers. Tools for tables write them for no value.
            double number when !double.IsFinite(number) => null,
            float number when !float.IsFinite(number) => null,
            bool flag => new DataValue(flag ? "true" : "false", IsJson: true),
            DateTime { TimeOfDay.Ticks: 0 } day => new DataValue(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
            DateTime time => new DataValue(time.ToString("O", CultureInfo.InvariantCulture)),
            _ => new DataValue(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture), IsJson: true),
        };
    }
}
