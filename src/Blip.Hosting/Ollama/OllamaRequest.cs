using System.Text.Json;
using Blip.Hosting.OpenAi;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Ollama;

/// <summary>
/// A request in the form of Ollama's API: what BLIP can use of it. A member of the wrong type is refused by its name. As there, the media
/// type does not matter.
/// </summary>
internal sealed class OllamaRequest : IDisposable
{
    private readonly JsonDocument _document;
    private readonly RequestMembers _members;

    private OllamaRequest(JsonDocument document) => (_document, _members) = (document, new RequestMembers(document.RootElement));

    /// <summary>The question: the prompt, or the text of the last user message that has one. Empty if there is none.</summary>
    public string Question { get; private set; } = "";

    /// <summary>The images: those of the last user message that has some, in base64 or as data URIs.</summary>
    public IReadOnlyList<string> Images { get; private set; } = [];

    public static async Task<OllamaRequest> ReadAsync(HttpRequest request)
    {
        int limit = request.HttpContext.RequestServices.GetRequiredService<IOptions<BlipHostingOptions>>().Value.MaxRequestBytes;
        return new OllamaRequest(await Bodies.ReadObjectAsync(request, limit).ConfigureAwait(false));
    }

    public void Dispose() => _document.Dispose();

    public string? Text(string name) => _members.Text(name);

    /// <summary>Whether the answer is a stream, which it is unless the request says otherwise.</summary>
    public bool IsStream => Find(_document.RootElement, "stream") is null || _members.Flag("stream");

    /// <summary>Whether the model is not needed any more. It stays.</summary>
    public bool IsUnload => Find(_document.RootElement, "keep_alive") switch
    {
        null => false,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble() == 0,
        { ValueKind: JsonValueKind.String } text => text.ValueEquals("0") || text.ValueEquals("0s"),
        _ => throw OllamaErrors.Invalid("'keep_alive' must be a number or a string."),
    };

    /// <summary>The largest number of tokens in the answer; <see langword="null"/> if the request sets none.</summary>
    public int? MaxTokens =>
        _members.Object("options")?.Number("num_predict", int.MinValue, int.MaxValue) is > 0 and int limit ? limit : null;

    /// <summary>Reads <c>prompt</c> and <c>images</c>.</summary>
    public void ReadPrompt()
    {
        Question = Text("prompt")?.Trim() ?? "";
        Images = ImagesOf(_document.RootElement);
        if (Text("suffix") is { Length: > 0 })
            throw OllamaErrors.Invalid("This model does not support 'suffix'. Ask a question about an image.");
    }

    /// <summary>Reads <c>messages</c>.</summary>
    public void ReadMessages()
    {
        if (Find(_document.RootElement, "messages") is not { } messages)
            return;
        if (messages.ValueKind != JsonValueKind.Array)
            throw OllamaErrors.Invalid("'messages' must be an array.");
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
                throw OllamaErrors.Invalid("A message must be an object.");
            RequestMembers members = new(message);
            string? role = members.Text("role") ?? throw OllamaErrors.Invalid("A message has no 'role'.");
            if (role != "user")
                continue;
            Question = members.Text("content")?.Trim() is { Length: > 0 } text ? text : Question;
            Images = ImagesOf(message) is { Count: > 0 } images ? images : Images;
        }
    }

    /// <summary>Refuses what would change the answer and cannot be done.</summary>
    public void RefuseOthers()
    {
        if (Find(_document.RootElement, "tools") is { } tools && !(tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
            throw OllamaErrors.Invalid("This model does not support tools. Leave out 'tools'.");
        if (Find(_document.RootElement, "think") is { ValueKind: not JsonValueKind.False })
            throw OllamaErrors.Invalid("This model does not support thinking. Leave out 'think'.");
        if (Find(_document.RootElement, "format") is { } format && !(format.ValueKind == JsonValueKind.String && format.ValueEquals("")))
            throw OllamaErrors.Invalid("'format' is not supported, because this model answers in plain words. Leave it out.");
    }

    private static List<string> ImagesOf(JsonElement element)
    {
        if (Find(element, "images") is not { } images)
            return [];
        if (images.ValueKind != JsonValueKind.Array)
            throw OllamaErrors.Invalid("'images' must be an array of images in base64.");
        return [.. images.EnumerateArray().Select(image => Bodies.Text(image, "images"))];
    }

    private static JsonElement? Find(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
