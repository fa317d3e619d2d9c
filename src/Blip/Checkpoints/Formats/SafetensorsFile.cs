using System.Buffers.Binary;
using System.Text.Json;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Reads the table of a safetensors file: 8 bytes of header length, a JSON object, and the tensors end to end. The file is not
/// trusted: every byte of data must belong to exactly one tensor of the right length.
/// </summary>
internal static class SafetensorsFile
{
    private const int MaxHeaderBytes = 25_000_000;
    private const string Metadata = "__metadata__";
    private const string Again = "Download the file again.";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8 };

    public static List<CheckpointTensor> Read(MappedFile file)
    {
        if (file.Length < 8)
            throw new BlipModelException($"{file.Name} has {file.Length} bytes, too few for a header: it is truncated. {Again}");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, 8));
        if (length is < 2 or > MaxHeaderBytes || (long)length > file.Length - 8)
        {
            throw ForeignWeights.Find(file) ?? new BlipModelException(
                $"The header of {file.Name} says that it has {length} bytes; it must have 2 to {MaxHeaderBytes}, within the file. {Again}");
        }
        ReadOnlySpan<byte> header = file.Span(8, (int)length);
        // The format's README wants the object at once, its tests want white space before it to be read.
        if (!header.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
            throw ForeignWeights.Find(file) ?? new BlipModelException($"The header of {file.Name} is not JSON. {Again}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(header.ToArray(), Strict);
            return ReadTensors(file, document.RootElement, 8 + (long)length);
        }
        // An InvalidOperationException: a name that is not valid Unicode, which shows only when it is read.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new BlipModelException($"The header of {file.Name} is not valid JSON. {Again}", exception);
        }
    }

    private static List<CheckpointTensor> ReadTensors(MappedFile file, JsonElement header, long dataStart)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        List<(long Begin, long End, CheckpointTensor Tensor)> spans = [];
        foreach (JsonProperty property in header.EnumerateObject())
        {
            if (!names.Add(property.Name))
            {
                throw new BlipModelException(
                    $"The header of {file.Name} has the duplicate key {PlainFileName.Shown(property.Name)}. {Again}");
            }
            if (property.Name != Metadata)
                spans.Add(ReadTensor(file, property, dataStart));
            else if (!IsMapOfStrings(property.Value))
                throw new BlipModelException($"{Metadata} in the header of {file.Name} is not a map of strings. {Again}");
        }

        // A tensor that was left out leaves a gap: which one is missing says more, so the gap is reported only where all are there.
        file.LayoutDefect = FindLayoutDefect(file, spans, file.Length - dataStart);
        return spans.ConvertAll(s => s.Tensor);
    }

    /// <summary>As the format's own reader has it: a map from strings to strings, or null.</summary>
    private static bool IsMapOfStrings(JsonElement value) => value.ValueKind == JsonValueKind.Null
        || (value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.String));

    /// <summary>Every byte must belong to exactly one tensor.</summary>
    private static string? FindLayoutDefect(MappedFile file, List<(long Begin, long End, CheckpointTensor Tensor)> spans, long length)
    {
        spans.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach ((long begin, long end, CheckpointTensor tensor) in spans)
        {
            if (begin < covered)
                return $"Tensor {tensor.Name} in {file.Name} overlaps the one before it. {Again}";
            if (begin > covered)
                return $"{begin - covered} bytes before tensor {tensor.Name} in {file.Name} are covered by no tensor. {Again}";
            covered = end;
        }
        return covered == length ? null : $"{file.Name} has {length - covered} trailing bytes that no tensor covers. {Again}";
    }

    private static (long Begin, long End, CheckpointTensor Tensor) ReadTensor(MappedFile file, JsonProperty property, long dataStart)
    {
        string? type = null;
        long[]? shape = null, offsets = null;
        if (property.Value.ValueKind != JsonValueKind.Object)
            throw Invalid("its entry is not an object");
        foreach (JsonProperty field in property.Value.EnumerateObject())
        {
            switch (field.Name)
            {
                case "dtype" when type is null && field.Value.ValueKind == JsonValueKind.String: type = field.Value.GetString(); break;
                case "shape" when shape is null: shape = Numbers(field.Value); break;
                case "data_offsets" when offsets is null: offsets = Numbers(field.Value); break;
                default: throw Invalid($"its entry has an unknown, duplicate or wrong {PlainFileName.Shown(field.Name)}");
            }
        }
        if (type is null || shape is null || offsets is not { Length: 2 })
            throw Invalid("its entry lacks dtype, shape or two data_offsets");

        (long begin, long end) = (offsets[0], offsets[1]);
        long available = file.Length - dataStart;
        if (begin > end)
            throw Invalid($"its data_offsets run backwards, from {begin} to {end}");
        if (end > available)
            throw Invalid($"it ends at byte {end} of the data, beyond the {available} bytes that there are: the file is truncated");
        int bits = Bits(type);
        if (bits == 0)
            throw Invalid($"its dtype {PlainFileName.Shown(type)} is unknown");
        try
        {
            long elements = 1;
            foreach (long dimension in shape)
                elements = checked(elements * dimension);
            if (checked(elements * bits) != checked((end - begin) * 8))
                throw Invalid($"its shape [{string.Join(", ", shape)}] in {type} does not take {end - begin} bytes");
        }
        catch (OverflowException)
        {
            throw Invalid($"its shape [{string.Join(", ", shape)}] is larger than any file");
        }
        return (begin, end, new CheckpointTensor(property.Name, file, dataStart + begin, end - begin, Known(type), type, shape));

        long[] Numbers(JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 16)
                throw Invalid("its shape or data_offsets are not a short list of numbers");
            List<long> numbers = [];
            foreach (JsonElement number in value.EnumerateArray())
            {
                if (number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out long parsed) || parsed < 0)
                    throw Invalid($"{PlainFileName.Shown(number.GetRawText())} is not a size or an offset");
                numbers.Add(parsed);
            }
            return [.. numbers];
        }

        BlipModelException Invalid(string defect) =>
            new($"Tensor {PlainFileName.Shown(property.Name)} in {file.Name} is broken: {defect}. {Again}");
    }

    private static TensorType Known(string type) => type switch
    {
        "F32" => TensorType.F32,
        "F16" => TensorType.F16,
        "BF16" => TensorType.BF16,
        _ => TensorType.Other,
    };

    /// <summary>The size of an element in bits, or 0 for an unknown type.</summary>
    private static int Bits(string type) => type switch
    {
        "F4" => 4,
        "F6_E2M3" or "F6_E3M2" => 6,
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" or "F8_E5M2FNUZ" or "F8_E4M3FNUZ" => 8,
        "U16" or "I16" or "F16" or "BF16" => 16,
        "U32" or "I32" or "F32" => 32,
        "U64" or "I64" or "F64" or "C64" => 64,
        _ => 0,
    };
}
