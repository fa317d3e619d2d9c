using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>The image tools as MCP tools: each calls one of <see cref="BlipTools"/>, which the server makes for each request.</summary>
internal static class BlipMcpTools
{
    private static readonly JsonSerializerOptions Json = ToolJson.With(McpJsonUtilities.DefaultOptions);

    public static bool Has(string? name) => name is BlipTools.AskImageName or BlipTools.AskImageManyName or BlipTools.AskImagesName
        or BlipTools.ChooseAnswerName or BlipTools.ScoreImageName or BlipTools.DescribeImageName or BlipTools.MatchImagesName
        or BlipTools.SearchImagesName or BlipTools.ListImagesName;

    /// <summary>Adds the tools to the services of a server.</summary>
    /// <param name="services">The services.</param>
    /// <param name="surroundings">Where the tools are called, which their descriptions fit.</param>
    public static void AddTo(IServiceCollection services, ToolSurroundings surroundings)
    {
        services.TryAddScoped(provider => McpConversation.Of(provider, provider.GetRequiredService<BlipConversation>()));
        Add(BlipTools.AskImageName, "Ask about an image", _ => BlipTools.AskImageDescription, AskImageAsync);
        Add(
            BlipTools.AskImageManyName, "Ask several questions about an image", _ => BlipTools.AskImageManyDescription, AskImageManyAsync);
        Add(BlipTools.AskImagesName, "Compare images", _ => BlipTools.AskImagesDescription, AskImagesAsync);
        Add(BlipTools.ChooseAnswerName, "Choose among answers", _ => BlipTools.ChooseAnswerDescription, ChooseAnswerAsync);
        Add(BlipTools.ScoreImageName, "Score an image by a text", _ => BlipTools.ScoreImageDescription, ScoreImageAsync);
        Add(BlipTools.DescribeImageName, "Describe an image", _ => BlipTools.DescribeImageDescription, DescribeImageAsync);
        Add(BlipTools.MatchImagesName, "Find the image that fits a text", _ => BlipTools.MatchImagesDescription, MatchImagesAsync);
        Add(BlipTools.SearchImagesName, "Find images by a text", _ => BlipTools.SearchImagesDescription, SearchImagesAsync);
        Add(BlipTools.ListImagesName, "List images", texts => texts.ListImages, ListImagesAsync);

        void Add(string name, string title, Func<ToolTexts, string> description, Delegate method) => services.AddSingleton(provider =>
        {
            ImageSource source = provider.GetRequiredService<ImageSource>();
            ToolTexts texts = new(surroundings, source);
            McpServerTool tool = McpServerTool.Create(method, new McpServerToolCreateOptions
            {
                Services = provider,
                SerializerOptions = Json,
                Name = name,
                Title = title,
                Description = description(texts),
                ReadOnly = true,
                Idempotent = true,
                Destructive = false,
                OpenWorld = source.AllowsAddresses && name != BlipTools.ListImagesName,
            });
            tool.ProtocolTool.InputSchema = WithLimits(tool.ProtocolTool.InputSchema, texts);
            return tool;
        });
    }

    /// <summary>
    /// One line of JSON as text, and nothing beside it: some clients hand their model the whole result, where structured content would
    /// say the same again.
    /// </summary>
    public static CallToolResult Result<T>(T result, ToolError? error) => new()
    {
        IsError = error is { IsFailure: true } ? true : null,
        Content = [new TextContentBlock { Text = JsonSerializer.Serialize(result, (JsonTypeInfo<T>)Json.GetTypeInfo(typeof(T))) }],
    };

    private static JsonElement WithLimits(JsonElement schema, ToolTexts texts)
    {
        JsonObject limited = JsonNode.Parse(schema.GetRawText())!.AsObject();
        limited["additionalProperties"] = false;
        foreach ((string name, JsonNode? property) in limited["properties"]?.AsObject() ?? [])
        {
            JsonObject one = property!.AsObject();
            if (one["items"] is JsonObject item)
            {
                (one["minItems"], one["maxItems"]) = (1, BlipTools.MaxQuestions);
                one = item;
            }
            if (name is "min_confidence" or "explain")
            {
                one.Remove("default");
                if (name == "min_confidence")
                    (one["type"], one["minimum"], one["maximum"]) = ("number", 0, 1);
                continue;
            }
            one["minLength"] = 1;
            if (name == "image")
                one["description"] = texts.Image;
        }
        return JsonElement.Parse(limited.ToJsonString());
    }

    private static async Task<CallToolResult> AskImageAsync(
        McpConversation call,
        BlipService service,
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null,
        [Description(BlipTools.ExplainDescription)] bool explain = false)
    {
        ImageAnswer answer = await call.Tools.AskImageAsync(image, question, min_confidence, explain, cancellationToken)
            .ConfigureAwait(false);
        CallToolResult result = Result(answer, answer.Error);
        if (answer is { Evidence: { } evidence, Explained: { } explained })
            result.Content.Add(await EvidenceImage.DrawAsync(evidence, explained, service, cancellationToken).ConfigureAwait(false));
        return result;
    }

    private static async Task<CallToolResult> AskImageManyAsync(
        McpConversation call,
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionsDescription)] string[] questions,
        CancellationToken cancellationToken,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null)
    {
        ImageAnswers answers = await call.Tools.AskImageManyAsync(image, questions, min_confidence, cancellationToken)
            .ConfigureAwait(false);
        return Result(answers, answers.Error);
    }

    private static async Task<CallToolResult> AskImagesAsync(
        McpConversation call,
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null)
    {
        ImageAnswers answers = await call.Tools.AskImagesAsync(images, question, min_confidence, cancellationToken).ConfigureAwait(false);
        return Result(answers, answers.Error);
    }

    private static async Task<CallToolResult> ChooseAnswerAsync(
        McpConversation call,
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        [Description(BlipTools.ChoicesDescription)] string[] choices,
        CancellationToken cancellationToken,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null)
    {
        ImageAnswer answer = await call.Tools.ChooseAnswerAsync(image, question, choices, min_confidence, cancellationToken)
            .ConfigureAwait(false);
        return Result(answer, answer.Error);
    }

    private static async Task<CallToolResult> ScoreImageAsync(
        McpConversation call,
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.PhrasesDescription)] string[] phrases,
        CancellationToken cancellationToken)
    {
        ImageScore score = await call.Tools.ScoreImageAsync(image, phrases, cancellationToken).ConfigureAwait(false);
        return Result(score, score.Error);
    }

    private static async Task<CallToolResult> DescribeImageAsync(
        McpConversation call, [Description(BlipTools.ImageDescription)] string image, CancellationToken cancellationToken)
    {
        ImageAnswer answer = await call.Tools.DescribeImageAsync(image, cancellationToken).ConfigureAwait(false);
        return Result(answer, answer.Error);
    }

    private static async Task<CallToolResult> MatchImagesAsync(
        McpConversation call,
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.TextDescription)] string text,
        CancellationToken cancellationToken)
    {
        ImageMatches matches = await call.Tools.MatchImagesAsync(images, text, cancellationToken).ConfigureAwait(false);
        return Result(matches, matches.Error);
    }

    private static async Task<CallToolResult> SearchImagesAsync(
        McpConversation call, [Description(BlipTools.TextDescription)] string text, CancellationToken cancellationToken)
    {
        ImageMatches matches = await call.Tools.SearchImagesAsync(text, cancellationToken).ConfigureAwait(false);
        return Result(matches, matches.Error);
    }

    private static async Task<CallToolResult> ListImagesAsync(McpConversation call, CancellationToken cancellationToken) =>
        Result(await call.Tools.ListImagesAsync(cancellationToken).ConfigureAwait(false), null);
}
