using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// The parts of a chat completion request that BLIP can use: the last question, the last image, and the form of the answer. The rest is
/// ignored.
/// </summary>
internal sealed record ChatRequest
{
    /// <summary>The name of the model; <see langword="null"/> if the request names none.</summary>
    public string? Model { get; private init; }

    /// <summary>The text of the last user message.</summary>
    public required string Question { get; init; }

    /// <summary>The last image of a user message: an address, a data URI or a handle.</summary>
    public required string Image { get; init; }

    /// <summary>The largest number of tokens in the answer; <see langword="null"/> if the request sets none.</summary>
    public int? MaxTokens { get; private init; }

    /// <summary>Whether the answer is sent as server-sent events.</summary>
    public bool Stream { get; private init; }

    /// <summary>Whether the last event has the number of tokens.</summary>
    public bool IncludeUsage { get; private init; }

    /// <summary>Whether the answer has the log-probability of each token.</summary>
    public bool LogProbabilities { get; private init; }

    public static async Task<ChatRequest> ReadAsync(HttpRequest request, int limit)
    {
        if (Bodies.MediaType(request) is not { } type || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            throw new BlipException(HttpErrorCode.UnsupportedMediaType, "The Content-Type is not application/json. Send JSON.");
        using JsonDocument document = await Bodies.ReadObjectAsync(request, limit).ConfigureAwait(false);
        JsonElement root = document.RootElement;
        if (Find(root, "n", JsonValueKind.Number) is { } n && !(n.TryGetInt32(out int count) && count == 1))
            throw Invalid("'n' must be 1, because BLIP gives only its best answer.");
        if (root.TryGetProperty("tool_choice", out JsonElement choice)
            && (choice.ValueKind == JsonValueKind.Object || IsString(choice, "required")))
            throw Invalid("'tool_choice' asks for a tool, but BLIP cannot call tools. Leave it out.");
        if (Find(root, "response_format", JsonValueKind.Object) is { } format
            && format.TryGetProperty("type", out JsonElement kind)
            && !IsString(kind, "text"))
            throw Invalid("'response_format' must be text, because BLIP answers in plain words.");
        (string question, string image) = ReadMessages(root);
        return new ChatRequest
        {
            Model = root.TryGetProperty("model", out JsonElement model) ? Bodies.Text(model, "model") : null,
            Question = question,
            Image = image,
            MaxTokens = ReadMaxTokens(root),
            Stream = IsTrue(root, "stream"),
            IncludeUsage = Find(root, "stream_options", JsonValueKind.Object) is { } stream && IsTrue(stream, "include_usage"),
            LogProbabilities = IsTrue(root, "logprobs"),
        };
    }

    private static (string Question, string Image) ReadMessages(JsonElement root)
    {
        if (Find(root, "messages", JsonValueKind.Array) is not { } messages)
            throw Invalid("'messages' is missing or is not an array.");
        string? question = null, image = null;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (Find(message, "role", JsonValueKind.String) is not { } role)
                throw Invalid("A message is not an object with a 'role'.");
            if (role.ValueEquals("user") && message.TryGetProperty("content", out JsonElement content))
                (question, image) = ReadContent(content, image);
        }
        if (string.IsNullOrWhiteSpace(question))
            throw Invalid("The last user message has no text. Ask a short question about the image.");
        return image is not null
            ? (question, image)
            : throw Invalid("No user message has an image. Send a part {\"type\":\"image_url\",\"image_url\":{\"url\":...}} "
                + "with an address, a data URI or a handle.");
    }

    private static (string Question, string? Image) ReadContent(JsonElement content, string? earlier)
    {
        if (content.ValueKind == JsonValueKind.String)
            return (Bodies.Text(content, "content"), earlier);
        if (content.ValueKind != JsonValueKind.Array)
            throw Invalid("The 'content' of a user message must be a string or an array of parts.");
        List<string> texts = [];
        string? image = null;
        foreach (JsonElement part in content.EnumerateArray())
        {
            string kind = Find(part, "type", JsonValueKind.String) is { } type
                ? Bodies.Text(type, "type")
                : throw Invalid("A part of a message has no 'type'.");
            if (kind == "text" && Find(part, "text", JsonValueKind.String) is { } text)
                texts.Add(Bodies.Text(text, "text"));
            else if (kind == "image_url" && part.TryGetProperty("image_url", out JsonElement url))
            {
                image = image is null
                    ? Bodies.Text(Find(url, "url", JsonValueKind.String) ?? url, "url")
                    : throw Invalid("A message has more than one image. Ask about one image at a time.");
            }
            else
                throw Invalid("A part of a message must be a text or an image_url with its content.");
        }
        return (string.Join(' ', texts).Trim(), image ?? earlier);
    }

    private static int? ReadMaxTokens(JsonElement root)
    {
        foreach (string name in (string[])["max_completion_tokens", "max_tokens"])
        {
            if (root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int tokens) && tokens >= 1
                    ? tokens
                    : throw Invalid($"'{name}' must be a whole number, 1 or more.");
            }
        }
        return null;
    }

    private static JsonElement? Find(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : null;

    private static bool IsTrue(JsonElement element, string name) => Find(element, name, JsonValueKind.True) is not null;

    private static bool IsString(JsonElement element, string text) =>
        element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
