using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Blip.Hosting.Blobs;

/// <summary>
/// A piece of the work on a backlog, as it lies in the queue: to list the next names of the container, or to answer a page of them.
/// </summary>
/// <param name="Container">The container of the images.</param>
/// <param name="Prefix">What their names begin with.</param>
/// <param name="Id">Tells this backlog from others. Empty in the first message, which a person writes.</param>
/// <param name="Step">The number of the listing, from 0.</param>
/// <param name="Marker">Where the storage goes on listing; <see langword="null"/> at the beginning.</param>
/// <param name="Page">The number of the page within its step.</param>
/// <param name="Names">The names of the page; empty in a message that lists.</param>
internal sealed record BacklogMessage(
    string Container, string Prefix, string Id, int Step, string? Marker, int Page, IReadOnlyList<string> Names)
{
    /// <summary>A message of the queue has at most 64 KiB, in base64.</summary>
    private const int MaxNameBytes = 30_000, MaxNames = 32;

    /// <summary>Cuts names into pages that fit into a message.</summary>
    public static IEnumerable<string[]> Cut(IEnumerable<string> names)
    {
        List<string> page = [];
        int bytes = 0;
        foreach (string name in names)
        {
            int length = JsonEncodedText.Encode(name).EncodedUtf8Bytes.Length + 3;
            if (page.Count == MaxNames || bytes + length > MaxNameBytes)
            {
                yield return [.. page];
                (bytes, page) = (0, []);
            }
            page.Add(name);
            bytes += length;
        }
        if (page.Count > 0)
            yield return [.. page];
    }

    /// <exception cref="FormatException">The text is no such message.</exception>
    public static BacklogMessage Parse(string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            JsonElement root = json.RootElement;
            return new BacklogMessage(
                root.GetProperty("container").GetString() is { Length: > 0 } container ? container : throw new FormatException(),
                Text("prefix") ?? "",
                Text("id") ?? "",
                Number("step"),
                Text("marker"),
                Number("page"),
                root.TryGetProperty("names", out JsonElement names) ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : []);

            string? Text(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

            int Number(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : 0;
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FormatException(
                """A message of the backlog cannot be read. Write {"container":"images"}, with "prefix" if you want.""", exception);
        }
    }

    public override string ToString()
    {
        ArrayBufferWriter<byte> body = new(1024);
        using (Utf8JsonWriter writer = new(body))
        {
            writer.WriteStartObject();
            writer.WriteString("container", Container);
            writer.WriteString("prefix", Prefix);
            writer.WriteString("id", Id);
            writer.WriteNumber("step", Step);
            if (Marker is not null)
                writer.WriteString("marker", Marker);
            if (Names.Count > 0)
            {
                writer.WriteNumber("page", Page);
                writer.WriteStartArray("names");
                foreach (string name in Names)
                    writer.WriteStringValue(name);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }
}
