using System.Text.Json;

namespace Blip.Files;

/// <summary>Reads the small JSON files of a model's folder. They are not trusted. Every error names the file.</summary>
internal static class JsonFile
{
    private const int DefaultMaxBytes = 10 << 20;

    private const string Remedy = "Download the file again from where the model was published.";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>The file's root object, or <see langword="null"/> when there is no such file.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="maxBytes">The largest size that is read, in bytes.</param>
    /// <exception cref="BlipModelException">The file cannot be read, is no ordinary file, is too large or is not a JSON object.</exception>
    public static JsonElement? Read(string directory, string name, int maxBytes = DefaultMaxBytes)
    {
        if (ModelFile.Read(directory, name, maxBytes) is not { } bytes)
            return null;
        try
        {
            ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BlipModelException($"{name} holds {document.RootElement.ValueKind} instead of a JSON object. {Remedy}");
            CheckText(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new BlipModelException($"{name} is not valid JSON (line {exception.LineNumber + 1}). {Remedy}", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new BlipModelException($"{name} holds text that is not Unicode. {Remedy}", exception);
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
