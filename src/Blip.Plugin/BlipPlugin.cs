using System.ComponentModel;
using Blip.Plugin.Images;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using ModelContextProtocol.Server;

namespace Blip.Plugin;

/// <summary>
/// Eyes for a language model: the tools <c>ask_image</c>, <c>ask_image_many</c>, <c>ask_images</c> and <c>list_images</c>, for Semantic Kernel, for
/// Microsoft.Extensions.AI and over MCP. What a model can mend comes back as data; nothing that comes back holds a path, an inner address or a
/// stack trace. Thread-safe.
/// </summary>
[McpServerToolType]
public sealed partial class BlipPlugin
{
    /// <summary>The most questions, or images, of one call.</summary>
    public const int MaxQuestions = 16;

    /// <summary>How a data URI is named as a source.</summary>
    private const string DataUriSource = "data URI";

    /// <summary>A longer name is not repeated in a result.</summary>
    private const int MaxNameLength = 40;

    private const string ImageHelp = "An image: its short name in this conversation (image-1), an https address, a data URI, or a file path. Only sources that the operator allowed can be read.";
    private const string QuestionHelp = "One short, concrete question in English about what can be seen.";

    private readonly BlipService _service;
    private readonly ImageSource _source;
    private readonly BlipConversation _conversation;
    private readonly ILogger<BlipPlugin> _logger;

    /// <summary>Creates the tools of one conversation.</summary>
    /// <param name="service">The model.</param>
    /// <param name="source">Where images may come from.</param>
    /// <param name="conversation">The images that it knows by name.</param>
    /// <param name="logger">Told of failures that a language model is told nothing about.</param>
    public BlipPlugin(BlipService service, ImageSource source, BlipConversation conversation, ILogger<BlipPlugin> logger) =>
        (_service, _source, _conversation, _logger) = (service, source, conversation, logger);

    /// <summary>Answers one question about an image.</summary>
    [KernelFunction("ask_image")]
    [McpServerTool(Name = "ask_image", Title = "Ask about an image", ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description("Looks at an image and answers one short question about it in a few words, such as how many, which color, is there, what, where. Cannot read text, describe at length or identify people. Ask several small questions rather than one big one.")]
    public async Task<ImageAnswer> AskImageAsync(
        [Description(ImageHelp)] string image, [Description(QuestionHelp)] string question, CancellationToken cancellationToken = default)
    {
        try
        {
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            BlipModel model = await _service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            return ImageAnswer.From(await model.AskAsync(resolved, question ?? "", cancellationToken: cancellationToken).ConfigureAwait(false), handle);
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswer { Error = Report(exception) };
        }
    }

    /// <summary>Answers several questions about one image, which is encoded once.</summary>
    [KernelFunction("ask_image_many")]
    [McpServerTool(Name = "ask_image_many", Title = "Ask several questions about an image", ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description("Like ask_image, for up to 16 questions about one image; costs little more than one question.")]
    public async Task<ImageAnswers> AskImageManyAsync(
        [Description(ImageHelp)] string image, [Description("1 to 16 short, concrete questions in English.")] string[] questions, CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(questions, "questions");
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            AskedQuestion[] asked = await _service.AskEachAsync(resolved, [.. questions.Select(question => question ?? "")], cancellationToken).ConfigureAwait(false);
            // The image is named once.
            ImageAnswer[] answers = [.. asked.Select((one, i) => one.Answer is { } answer ? ImageAnswer.From(answer, i == 0 ? handle : null) : new ImageAnswer { Error = ToolError.From(one.Error!) })];
            return new ImageAnswers { Answers = answers };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswers { Error = Report(exception) };
        }
    }

    /// <summary>Asks one question about each of several images.</summary>
    [KernelFunction("ask_images")]
    [McpServerTool(Name = "ask_images", Title = "Compare images", ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description("Asks the same short question about each of up to 16 images, to compare them.")]
    public async Task<ImageAnswers> AskImagesAsync(
        [Description("1 to 16 images, each as in ask_image.")] string[] images, [Description(QuestionHelp)] string question, CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(images, "images");
            return new ImageAnswers { Answers = await Task.WhenAll(images.Select(image => AskImageAsync(image, question, cancellationToken))).ConfigureAwait(false) };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswers { Error = Report(exception) };
        }
    }

    /// <summary>Lists the images of this conversation.</summary>
    [KernelFunction("list_images")]
    [McpServerTool(Name = "list_images", Title = "List images", ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Lists the images in this conversation by their short names.")]
    public ImageList ListImages()
    {
        ListedImage[] images = [.. _conversation.List().Select(i => new ListedImage { Image = i.Handle, Type = i.MediaType, Bytes = i.Bytes })];
        return new ImageList
        {
            Images = images,
            Hint = images.Length > 0 ? null
                : _conversation.HasHandles ? "No image is attached. Ask the user for one, or give an address."
                : "No conversation is kept here. Give an address, or the handle under which the image was sent.",
        };
    }

    private async Task<(BlipImage Image, string? Handle)> ResolveAsync(string reference, CancellationToken cancellationToken)
    {
        ResolvedImage resolved = await _source.ResolveAsync(reference ?? "", _conversation.Scope, cancellationToken).ConfigureAwait(false);
        BlipImage image = BlipImage.FromBytes(resolved.Data);
        if (resolved.Source != DataUriSource)
            return (image, resolved.Source.Length <= MaxNameLength ? resolved.Source : null);
        // Worth a short name: sending it again would be dear. What has an address keeps that, so that it pushes no attached image out.
        image.ReadHeader();
        return (image, _conversation.Attach(resolved.Data.Span));
    }

    private static void CheckCount(string[]? items, string what)
    {
        if (items is not { Length: > 0 })
            throw new BlipException(BlipErrorCode.InvalidRequest, $"No {what} were given; 1 to {MaxQuestions} are possible.");
        if (items.Length > MaxQuestions)
            throw new BlipException(BlipErrorCode.TooManyQuestions, $"{items.Length} {what} were given; at most {MaxQuestions} are possible in one call.");
    }

    private static bool IsCancelled(Exception exception, CancellationToken cancellationToken) => exception is OperationCanceledException && cancellationToken.IsCancellationRequested;

    private ToolError Report(Exception exception)
    {
        if (exception is BlipModelException or not BlipException)
            ToolFailed(exception);
        return ToolError.From(exception);
    }

    [LoggerMessage(300, LogLevel.Error, "An image tool failed.")]
    private partial void ToolFailed(Exception exception);
}
