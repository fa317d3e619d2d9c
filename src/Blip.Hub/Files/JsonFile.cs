using System.Buffers;
using System.Text.Json;

namespace Blip.Files;

/// <summary>Reads the small JSON files of a model's folder. They are not trusted. Every error names the file.</summary>
internal static class JsonFile
{
    private const int DefaultMaxBytes = 10 << 20;

    private const string Remedy = "Download the file again from where the model was published.";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly JsonDocumentOptions WithDuplicates = new() { MaxDepth = 32 };

    /// <summary>The file's root object, or <see langword="null"/> when there is no such file.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="maxBytes">The largest size that is read, in bytes.</param>
    /// <exception cref="BlipModelException">
    /// The file cannot be read, is not an ordinary file, is too large or is not a JSON object.
    /// </exception>
    public static JsonElement? Read(string directory, string name, int maxBytes = DefaultMaxBytes)
    {
        if (ModelFile.Read(directory, name, maxBytes) is not { } bytes)
            return null;
        try
        {
            ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
            using JsonDocument document = Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BlipModelException($"{name} is {document.RootElement.ValueKind} instead of a JSON object. {Remedy}");
            CheckText(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new BlipModelException($"{name} is not valid JSON (line {exception.LineNumber + 1}). {Remedy}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new BlipModelException($"{name} has text that is not Unicode. {Remedy}", exception);
        }
    }

    /// <summary>
    /// Reads also what Python's json writes and reads beyond JSON: if a name appears twice, the last value counts, and NaN, Infinity and
    /// -Infinity become texts, so that only code that needs a number there refuses them.
    /// </summary>
    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, Strict);
        }
        catch (JsonException)
        {
            using JsonDocument document = JsonDocument.Parse(QuoteNonFinite(json.Span), WithDuplicates);
            CheckText(document.RootElement);
            ArrayBufferWriter<byte> strict = new();
            using (Utf8JsonWriter writer = new(strict))
                WriteLast(writer, document.RootElement);
            return JsonDocument.Parse(strict.WrittenMemory, Strict);
        }
    }

    private static ReadOnlyMemory<byte> QuoteNonFinite(ReadOnlySpan<byte> json)
    {
        ArrayBufferWriter<byte> quoted = new(json.Length + 256);
        bool isText = false;
        for (int at = 0; at < json.Length;)
        {
            int length = isText ? 0 : NonFiniteLength(json[at..]);
            if (length > 0)
            {
                quoted.Write("\""u8);
                quoted.Write(json.Slice(at, length));
                quoted.Write("\""u8);
            }
            else
            {
                // What a backslash escapes does not end the text.
                length = isText && json[at] == (byte)'\\' && at + 1 < json.Length ? 2 : 1;
                isText ^= json[at] == (byte)'"';
                quoted.Write(json.Slice(at, length));
            }
            at += length;
        }
        return quoted.WrittenMemory;
    }

    private static int NonFiniteLength(ReadOnlySpan<byte> json) =>
        json.StartsWith("NaN"u8) ? 3 : json.StartsWith("Infinity"u8) ? 8 : json.StartsWith("-Infinity"u8) ? 9 : 0;

    private static void WriteLast(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in element.EnumerateArray())
                    WriteLast(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                Dictionary<string, JsonElement> last = new(StringComparer.Ordinal);
                foreach (JsonProperty property in element.EnumerateObject())
                    last[property.Name] = property.Value;
                writer.WriteStartObject();
                foreach ((string name, JsonElement value) in last)
                {
                    writer.WritePropertyName(name);
                    WriteLast(writer, value);
                }
                writer.WriteEndObject();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    /// <summary>Reads all text once. The JSON reader decodes text only when it is read, so bad text would fail later otherwise.</summary>
    /// <exception cref="InvalidOperationException">A text or a name is not valid Unicode.</exception>
    private static void CheckText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    CheckText(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckText(property.Value);
                }
                break;
            default:
                break;
        }
    }
}
