using System.Runtime.InteropServices;
using System.Text.Json;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// <c>POST /v1/embeddings</c>, in the form of OpenAI's API. An input that is a data URI of an image, or the handle of one, is embedded as
/// an image: both are in one space.
/// </summary>
internal sealed class EmbeddingsEndpoint(
    FamilyCalls family, ImageQuestions images, ServedModel model, IOptions<BlipHostingOptions> hosting)
{
    private const int MaxInputs = 64;

    public async Task CreateAsync(HttpContext context)
    {
        Bodies.RequireJson(context.Request);
        using JsonDocument document = await Bodies.ReadObjectAsync(context.Request, hosting.Value.MaxRequestBytes).ConfigureAwait(false);
        RequestMembers root = new(document.RootElement);
        model.RequireMatch(root.Text("model"));
        string[] inputs = ReadInputs(root);
        int? dimensions = root.Number("dimensions", 1, int.MaxValue);
        root.CheckWord("encoding_format", "float", "base64");
        root.Text("user");
        bool isBase64 = root.Text("encoding_format") == "base64";
        CancellationToken cancellationToken = context.RequestAborted;
        (float[][] vectors, int tokens, string name) = await family.MatchAsync(
            matcher => EmbedAsync(matcher, inputs, dimensions, cancellationToken), cancellationToken).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer => Write(writer, vectors, tokens, name, isBase64)).ConfigureAwait(false);
    }

    private static string[] ReadInputs(RequestMembers root)
    {
        const string Wanted = "'input' must be a text, or an array of 1 to 64 texts. Tokens are not read.";
        JsonElement input = root.Find("input") ?? throw RequestMembers.Invalid("input", "'input' is missing: a text or an array of texts.");
        if (input.ValueKind == JsonValueKind.String)
            return [Bodies.Text(input, "input")];
        return input.ValueKind == JsonValueKind.Array && input.GetArrayLength() is >= 1 and <= MaxInputs
            && input.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
                ? [.. input.EnumerateArray().Select(one => Bodies.Text(one, "input"))]
                : throw RequestMembers.Invalid("input", Wanted);
    }

    private static bool IsImage(string input) =>
        input.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
        || (input.StartsWith("sha256-", StringComparison.Ordinal) && input.Length == "sha256-".Length + 64);

    private async Task<(float[][] Vectors, int Tokens, string Name)> EmbedAsync(
        BlipMatcher matcher, string[] inputs, int? dimensions, CancellationToken cancellationToken)
    {
        if (dimensions is { } wanted && wanted != matcher.Config.EmbeddingSize)
        {
            throw RequestMembers.Invalid(
                "dimensions", FormattableString.Invariant($"This model's embeddings have {matcher.Config.EmbeddingSize} numbers."));
        }
        string[] texts = [.. inputs.Where(input => !IsImage(input))];
        Queue<float[]> ofTexts = new(texts.Length == 0 ? [] : await matcher.EmbedAsync(texts, cancellationToken).ConfigureAwait(false));
        // A handle is short, but its image may be large: each is read once, and only one is held at a time.
        Dictionary<string, float[]> ofImages = new(StringComparer.Ordinal);
        foreach (string input in inputs.Where(IsImage).Distinct(StringComparer.Ordinal))
        {
            BlipImage image = BlipImage.FromBytes(await images.ResolveAsync(input, cancellationToken).ConfigureAwait(false));
            ofImages.Add(input, await matcher.EmbedAsync(image, cancellationToken).ConfigureAwait(false));
        }
        float[][] vectors = [.. inputs.Select(input => ofImages.TryGetValue(input, out float[]? vector) ? vector : ofTexts.Dequeue())];
        return (vectors, texts.Sum(matcher.CountTokens), matcher.Info.Name);
    }

    private static void Write(Utf8JsonWriter writer, float[][] vectors, int tokens, string name, bool isBase64)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        for (int i = 0; i < vectors.Length; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("object", "embedding");
            writer.WriteNumber("index", i);
            if (isBase64)
                writer.WriteBase64String("embedding", MemoryMarshal.AsBytes(vectors[i].AsSpan()));
            else
            {
                writer.WriteStartArray("embedding");
                foreach (float number in vectors[i])
                    writer.WriteNumberValue(number);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("model", name);
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", tokens);
        writer.WriteNumber("total_tokens", tokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
