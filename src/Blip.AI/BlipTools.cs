using System.ComponentModel;
using Blip.AI.Images;
using Blip.AI.Searching;
using Microsoft.Extensions.Logging;

namespace Blip.AI;

#pragma warning disable CA1707 // A parameter's name is the argument's, which is the same over HTTP and in each stack.

/// <summary>
/// The tools of one conversation: <c>ask_image</c>, <c>ask_image_many</c>, <c>ask_images</c>, <c>choose_answer</c>,
/// <c>score_image</c>, <c>list_images</c>, and <c>describe_image</c>, <c>match_images</c> and <c>search_images</c> where there are models
/// for them. A failure comes back as data, so that the language model can react to it. No result contains a path, an internal address or a
/// stack trace. Thread-safe.
/// </summary>
public sealed partial class BlipTools
{
    /// <summary>The most questions, or images, of one call.</summary>
    public const int MaxQuestions = 16;

    /// <summary>A longer name of a source is left out of a result, which has to stay short.</summary>
    private const int MaxNameLength = 40;

    /// <summary>The most files of a list: about 500 tokens.</summary>
    private const int MaxFiles = 20;

    private readonly BlipService _service;
    private readonly ImageSource _source;
    private readonly BlipConversation _conversation;
    private readonly ILogger<BlipTools> _logger;
    private readonly ToolTexts _texts;
    private readonly IBlipCaptioner? _captioner;
    private readonly IBlipMatcher? _matcher;
    private readonly IImageSearch? _search;

    /// <summary>Creates the tools of one conversation.</summary>
    /// <param name="service">The model.</param>
    /// <param name="source">Where images may come from.</param>
    /// <param name="conversation">The images that the tools know by name.</param>
    /// <param name="logger">Logs failures whose reason the language model must not learn.</param>
    /// <param name="captioner">The model that describes images; none by default.</param>
    /// <param name="matcher">The model that matches images and texts; none by default.</param>
    /// <param name="search">Finds images by text; none by default.</param>
    public BlipTools(
        BlipService service, ImageSource source, BlipConversation conversation, ILogger<BlipTools> logger,
        IBlipCaptioner? captioner = null, IBlipMatcher? matcher = null, IImageSearch? search = null)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        (_service, _source, _conversation, _logger) = (service, source, conversation, logger);
        (_captioner, _matcher, _search) = (captioner, matcher, search);
        _texts = new ToolTexts(conversation.Surroundings, source);
    }

    /// <summary>Answers one question about an image.</summary>
    [Description(AskImageDescription)]
    public async Task<ImageAnswer> AskImageAsync(
        [Description(ImageDescription)] string image,
        [Description(QuestionDescription)] string question,
        [Description(MinConfidenceDescription)] double? min_confidence = null,
        [Description(ExplainDescription)] bool explain = false,
        CancellationToken cancellationToken = default)
    {
        try
        {
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            BlipModel model = await _service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            AskOptions options = Options(min_confidence) with { Explain = explain };
            Answer answer = await model.AskAsync(resolved, question ?? "", options, cancellationToken).ConfigureAwait(false);
            return ImageAnswer.From(answer, handle) with { Explained = explain ? resolved : null };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswer { Error = Report(exception) };
        }
    }

    /// <summary>Answers several questions about one image, which is encoded once.</summary>
    [Description(AskImageManyDescription)]
    public async Task<ImageAnswers> AskImageManyAsync(
        [Description(ImageDescription)] string image,
        [Description(QuestionsDescription)] string[] questions,
        [Description(MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(questions, "questions");
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            string[] texts = [.. questions.Select(question => question ?? "")];
            IReadOnlyList<QuestionOutcome> asked =
                await _service.AskEachAsync(resolved, texts, Each(min_confidence), cancellationToken).ConfigureAwait(false);
            // Only the first answer names the image, to keep the result short.
            return new ImageAnswers { Answers = [.. asked.Select((one, i) => ToResult(one, i == 0 ? handle : null))] };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswers { Error = Report(exception) };
        }
    }

    /// <summary>Asks one question about each of several images.</summary>
    [Description(AskImagesDescription)]
    public async Task<ImageAnswers> AskImagesAsync(
        [Description(ImagesDescription)] string[] images,
        [Description(QuestionDescription)] string question,
        [Description(MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(images, "images");
            IEnumerable<Task<ImageAnswer>> asking =
                images.Select(image => AskImageAsync(image, question, min_confidence, explain: false, cancellationToken));
            return new ImageAnswers { Answers = await Task.WhenAll(asking).ConfigureAwait(false) };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswers { Error = Report(exception) };
        }
    }

    /// <summary>Lists the images of this conversation.</summary>
    [Description(ListImagesDescription)]
    public ImageList ListImages() => List([], isMore: false);

    /// <summary>Lists the images of this conversation, and in a process of the caller's own the files that it may read.</summary>
    internal async Task<ImageList> ListImagesAsync(CancellationToken cancellationToken)
    {
        if (_conversation.Surroundings != ToolSurroundings.Process)
            return ListImages();
        ImageFileList files =
            await _source.ListFilesAsync(_conversation.AllowedFolders, MaxFiles, cancellationToken).ConfigureAwait(false);
        return List(files.Files, files.IsMore);
    }

    private ImageList List(IReadOnlyList<ListedImage> files, bool isMore)
    {
        ListedImage[] images =
        [
            .. _conversation.List().Select(i => new ListedImage { Image = i.Handle, Type = i.MediaType, Bytes = i.Bytes }), .. files,
        ];
        return new ImageList
        {
            Images = images.Length > 0 ? images : null,
            Hint = images.Length == 0 ? _texts.NoImages
                : isMore ? $"The {files.Count} newest files are listed. You can also name older ones." : null,
            ModelNotice = _service.IsDemo ? "The demo model answers. It knows drawings only." : null,
        };
    }

    private async Task<(BlipImage Image, string? Handle)> ResolveAsync(string reference, CancellationToken cancellationToken)
    {
        ImageSourceScope scope = _conversation.Scope;
        ResolvedImage resolved = await _source.ResolveAsync(reference ?? "", scope, cancellationToken).ConfigureAwait(false);
        BlipImage image = BlipImage.FromBytes(resolved.Data);
        if (resolved.Source != ImageSource.DataUriName)
            return (image, resolved.Source.Length <= MaxNameLength ? resolved.Source : null);
        // A data URI is long, so its image gets a handle. An image with an address keeps the address: it must not push an attached one out.
        image.ReadHeader(decoder: _service.Decoder);
        return (image, _conversation.Attach(resolved.Data.Span));
    }

    private static AskOptions Options(double? minConfidence) =>
        AskOptions.Default with { MinConfidence = minConfidence, NamesMembers = true };

    private static AskEachOptions Each(double? minConfidence) => new() { Ask = Options(minConfidence), WaitForPlace = false };

    private static void CheckCount(string[]? items, string what)
    {
        if (items is not { Length: > 0 })
            throw new BlipException(BlipErrorCode.InvalidRequest, $"No {what} were given; 1 to {MaxQuestions} are possible.");
        if (items.Length > MaxQuestions)
        {
            throw new BlipException(
                ServiceErrorCode.TooManyQuestions, $"{items.Length} {what} were given; at most {MaxQuestions} are possible in one call.");
        }
    }

    private ImageAnswer ToResult(QuestionOutcome asked, string? image) =>
        asked.Answer is { } answer ? ImageAnswer.From(answer, image) : new ImageAnswer { Error = ToolError.From(asked.Error!, HintFor) };

    private static bool IsCancelled(Exception exception, CancellationToken cancellationToken) =>
        exception is OperationCanceledException && cancellationToken.IsCancellationRequested;

    private ToolError Report(Exception exception)
    {
        if (exception is BlipModelException or not BlipException)
            ToolFailed(exception);
        return ToolError.From(exception, HintFor);
    }

    private string? HintFor(string code) => _texts.HintFor(code, _conversation.AllowedFolders);

    [LoggerMessage(300, LogLevel.Error, "An image tool failed.")]
    private partial void ToolFailed(Exception exception);
}
