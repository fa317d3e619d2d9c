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

    /// <exception cref="FailureException">A member is missing, has the wrong type, or asks for what BLIP cannot do.</exception>
    public static async Task<ChatRequest> ReadAsync(HttpRequest request, int limit)
    {
        Bodies.RequireJson(request);
        using JsonDocument document = await Bodies.ReadObjectAsync(request, limit).ConfigureAwait(false);
        RequestMembers root = new(document.RootElement);
        if (root.Number("n", 1, int.MaxValue) is not (null or 1))
            throw Invalid("n", "'n' must be 1, because BLIP gives only its best answer.");
        RefuseTools(root);
        if (root.Object("response_format") is { } format && format.Text("type") is not (null or "text"))
            throw Invalid("response_format", "'response_format' must be text, because BLIP answers in plain words.");
        foreach (string ignored in (string[])["temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"])
            root.CheckNumber(ignored);
        bool logProbabilities = root.Flag("logprobs");
        if (root.Number("top_logprobs", 0, 20) is > 0 && !logProbabilities)
            throw Invalid("top_logprobs", "'top_logprobs' needs 'logprobs': true.");
        (string question, string image) = ReadMessages(document.RootElement);
        return new ChatRequest
        {
            Model = root.Text("model"),
            Question = question,
            Image = image,
            MaxTokens = root.Number("max_completion_tokens", 1, int.MaxValue) ?? root.Number("max_tokens", 1, int.MaxValue),
            Stream = root.Flag("stream"),
            IncludeUsage = root.Object("stream_options")?.Flag("include_usage") ?? false,
            LogProbabilities = logProbabilities,
        };
    }

    private static void RefuseTools(RequestMembers root)
    {
        root.CheckArray("tools");
        root.CheckArray("functions");
        foreach (string name in (string[])["tool_choice", "function_call"])
        {
            if (root.Choice(name) is not (null or "none" or "auto"))
                throw Invalid(name, $"'{name}' asks for a tool, but BLIP cannot call tools. Leave it out.");
        }
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

    private static JsonElement? Find(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : null;

    private static FailureException Invalid(string parameter, string message) => RequestMembers.Invalid(parameter, message);

    private static FailureException Invalid(string message) => Invalid("messages", message);
}
