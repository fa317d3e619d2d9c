using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.AI;
using Blip.AI.Asking;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Ollama;

/// <summary>
/// A request in the form of Ollama's API: what BLIP can use of it. A member of the wrong type is refused by its name. As there, the media
/// type does not matter.
/// </summary>
internal sealed partial class OllamaRequest : IDisposable
{
    /// <summary>The options of Ollama that are numbers.</summary>
    private static readonly string[] Numbers =
    [
        "num_keep", "seed", "num_predict", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "temperature", "repeat_penalty",
        "presence_penalty", "frequency_penalty", "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread",
    ];

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
    public bool IsStream => _members.Find("stream") is null || _members.Flag("stream");

    /// <summary>Whether the model is not needed any more. It stays.</summary>
    public bool IsUnload => _members.Find("keep_alive") switch
    {
        null => false,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble() == 0,
        { ValueKind: JsonValueKind.String } text when DurationForm.IsMatch(Bodies.Text(text, "keep_alive")) =>
            text.ValueEquals("0") || text.ValueEquals("0s"),
        _ => throw OllamaErrors.Invalid("'keep_alive' must be a number of seconds, or a duration such as \"5m\"."),
    };

    /// <summary>The largest number of tokens in the answer; <see langword="null"/> if the request sets none.</summary>
    public int? MaxTokens =>
        _members.Object("options")?.Number("num_predict", int.MinValue, int.MaxValue) is > 0 and int limit ? limit : null;

    /// <summary>Reads <c>prompt</c> and <c>images</c>.</summary>
    public void ReadPrompt()
    {
        Question = Text("prompt")?.Trim() ?? "";
        Images = ImagesOf(_members);
        if (Text("suffix") is { Length: > 0 })
            throw OllamaErrors.Invalid("This model does not support 'suffix'. Ask a question about an image.");
    }

    /// <summary>Reads <c>messages</c>.</summary>
    public void ReadMessages()
    {
        if (_members.Array("messages") is not { } messages)
            return;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            RequestMembers members = RequestMembers.Of(message, "messages", "A message must be an object.");
            string role = members.Text("role") ?? throw OllamaErrors.Invalid("A message has no 'role'.");
            if (role != "user")
                continue;
            Question = members.Text("content")?.Trim() is { Length: > 0 } text ? text : Question;
            Images = ImagesOf(members) is { Count: > 0 } images ? images : Images;
        }
    }

    /// <summary>What is asked of the model.</summary>
    public QuestionRequest Ask()
    {
        if (Question.Length == 0)
            throw OllamaErrors.Invalid("There is an image, but no question. Ask a short question about the image.");
        if (Images.Count == 0)
            throw OllamaErrors.Invalid("No image is given, and this model only answers questions about images. Send 'images' in base64.");
        if (Images.Count > BlipTools.MaxQuestions)
            throw OllamaErrors.Invalid($"More than {BlipTools.MaxQuestions} images are given. Send fewer.");
        QuestionRequest request = new()
        {
            Question = Question,
            Images = [.. Images.Select(image => IsDataUri(image) ? image : "data:;base64," + image)],
            MaxTokens = MaxTokens,
            Schema = Format(),
        };
        return request.Check("format", "logprobs");
    }

    private static bool IsDataUri(string image) => image.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase);

    private AnswerSchema? Format() => _members.Find("format") switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } none when none.ValueEquals("") => null,
        { ValueKind: JsonValueKind.Object } schema => RequestSchema.Of(schema, "format"),
        _ => throw OllamaErrors.Invalid("'format' must be a JSON schema that describes the JSON, or be left out."),
    };

    /// <summary>Refuses what would change the answer and cannot be done, and what Ollama refuses: settings of the wrong kind.</summary>
    public void RefuseOthers()
    {
        foreach (string name in (string[])["system", "template"])
            _members.Text(name);
        _members.Flag("raw");
        _ = IsUnload;
        if (_members.Object("options") is { } options)
        {
            foreach (string name in Numbers)
                options.CheckNumber(name);
            options.CheckTexts("stop");
            options.Flag("use_mmap");
        }
        if (_members.Find("tools") is { } tools && !(tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() == 0))
            throw OllamaErrors.Invalid("This model does not support tools. Leave out 'tools'.");
        if (_members.Find("think") is { ValueKind: not JsonValueKind.False })
            throw OllamaErrors.Invalid("This model does not support thinking. Leave out 'think'.");
    }

    private static List<string> ImagesOf(RequestMembers members) => members.Array("images") is { } images
        ? [.. images.EnumerateArray().Select(image => Bodies.Text(image, "images"))]
        : [];

    /// <summary>A duration of Go: numbers, each with its unit. Only nothing has none.</summary>
    [GeneratedRegex("^[+-]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)\\z")]
    private static partial Regex DurationForm { get; }
}
