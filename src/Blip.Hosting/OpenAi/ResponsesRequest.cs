using System.Text.Json;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>A request to <c>/v1/responses</c>.</summary>
/// <param name="Question">What it asks.</param>
/// <param name="Metadata">What the caller wants to see again in the response, at most 16 pairs.</param>
/// <param name="Format">The member <c>text.format</c>; <see langword="null"/> if there is none.</param>
internal sealed record ResponsesRequest(QuestionRequest Question, IReadOnlyDictionary<string, string> Metadata, JsonElement? Format)
{
    private const int MaxPairs = 16, MaxKeyLength = 64, MaxValueLength = 512;

    /// <exception cref="FailureException">A member is missing, has the wrong type, or asks for what BLIP cannot do.</exception>
    public static async Task<ResponsesRequest> ReadAsync(HttpRequest request, int limit)
    {
        Bodies.RequireJson(request);
        using JsonDocument document = await Bodies.ReadObjectAsync(request, limit).ConfigureAwait(false);
        RequestMembers root = new(document.RootElement);
        foreach (string name in (string[])["previous_response_id", "conversation", "prompt"])
        {
            if (root.Find(name) is not null)
                throw RequestMembers.Invalid(name, $"'{name}' refers to data that this service does not store. Send the whole input.");
        }
        if (root.Flag("background"))
            throw RequestMembers.Invalid("background", "'background' must be false. An answer takes a moment, and is not stored.");
        QuestionRequest.RefuseTools(root, "tool_choice");
        OpenAiSettings.CheckResponses(root);
        RequestMembers? text = root.Object("text");
        QuestionRequest asked = new()
        {
            Model = root.Text("model"),
            Question = ReadInput(root, out string[] images),
            Images = images,
            MaxTokens = root.Number("max_output_tokens", 1, int.MaxValue),
            Stream = root.Flag("stream"),
            LogProbabilities = ReadInclude(root),
            TopLogProbabilities = root.Number("top_logprobs", 0, AskOptions.MaxTopLogProbabilities) ?? 0,
            Schema = RequestSchema.Read(text?.Object("format"), "text.format"),
        };
        return new ResponsesRequest(asked.Check("text.format", "include"), ReadMetadata(root), text?.Find("format")?.Clone());
    }

    private static string ReadInput(RequestMembers root, out string[] images)
    {
        JsonElement input = root.Find("input") ?? throw RequestMembers.Invalid("input", "'input' is missing.");
        if (input.ValueKind == JsonValueKind.String)
            throw UserMessages.NoImage("input");
        if (input.ValueKind != JsonValueKind.Array)
            throw RequestMembers.Invalid("input", "'input' must be an array of messages.");
        (string question, images) = UserMessages.Read(input, "input");
        return question;
    }

    /// <summary>Whether log-probabilities are to be included. Whatever else could be is not there.</summary>
    private static bool ReadInclude(RequestMembers root) =>
        root.Array("include") is { } include && include.EnumerateArray().Any(item => item.ValueEquals("message.output_text.logprobs"));

    /// <summary>The member <c>metadata</c>.</summary>
    public static Dictionary<string, string> ReadMetadata(RequestMembers root)
    {
        Dictionary<string, string> pairs = [];
        if (root.Object("metadata") is null || root.Find("metadata") is not { } metadata)
            return pairs;
        foreach (JsonProperty pair in metadata.EnumerateObject())
        {
            string? value = pair.Value.ValueKind == JsonValueKind.String ? Bodies.Text(pair.Value, "metadata") : null;
            if (pairs.Count == MaxPairs || pair.Name.Length > MaxKeyLength || value is not { Length: <= MaxValueLength })
            {
                throw RequestMembers.Invalid("metadata", FormattableString.Invariant(
                    $"'metadata' has at most {MaxPairs} strings of {MaxValueLength} characters, under names of {MaxKeyLength}."));
            }
            pairs.Add(pair.Name, value);
        }
        return pairs;
    }
}
