using System.ComponentModel;
using Blip.AI;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

#pragma warning disable CA1707 // A parameter's name is the argument's.

/// <summary>The image tools of one conversation as functions of Semantic Kernel. Thread-safe.</summary>
/// <param name="tools">The tools; each function calls one of them.</param>
public sealed class BlipPlugin(BlipTools tools)
{
    /// <inheritdoc cref="BlipTools.AskImageAsync"/>
    [KernelFunction(BlipTools.AskImageName), Description(BlipTools.AskImageDescription)]
    public Task<ImageAnswer> AskImageAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null,
        [Description(BlipTools.ExplainDescription)] bool? explain = null,
        CancellationToken cancellationToken = default) =>
        tools.AskImageAsync(image, question, min_confidence, explain ?? false, cancellationToken);

    /// <inheritdoc cref="BlipTools.AskImageManyAsync"/>
    [KernelFunction(BlipTools.AskImageManyName), Description(BlipTools.AskImageManyDescription)]
    public Task<ImageAnswers> AskImageManyAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionsDescription)] string[] questions,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default) =>
        tools.AskImageManyAsync(image, questions, min_confidence, cancellationToken);

    /// <inheritdoc cref="BlipTools.AskImagesAsync"/>
    [KernelFunction(BlipTools.AskImagesName), Description(BlipTools.AskImagesDescription)]
    public Task<ImageAnswers> AskImagesAsync(
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.QuestionDescription)] string question,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default) =>
        tools.AskImagesAsync(images, question, min_confidence, cancellationToken);

    /// <inheritdoc cref="BlipTools.ChooseAnswerAsync"/>
    [KernelFunction(BlipTools.ChooseAnswerName), Description(BlipTools.ChooseAnswerDescription)]
    public Task<ImageAnswer> ChooseAnswerAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        [Description(BlipTools.ChoicesDescription)] string[] choices,
        [Description(BlipTools.MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default) =>
        tools.ChooseAnswerAsync(image, question, choices, min_confidence, cancellationToken);

    /// <inheritdoc cref="BlipTools.ScoreImageAsync"/>
    [KernelFunction(BlipTools.ScoreImageName), Description(BlipTools.ScoreImageDescription)]
    public Task<ImageScore> ScoreImageAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.PhrasesDescription)] string[] phrases,
        CancellationToken cancellationToken = default) => tools.ScoreImageAsync(image, phrases, cancellationToken);

    /// <inheritdoc cref="BlipTools.DescribeImageAsync"/>
    [KernelFunction(BlipTools.DescribeImageName), Description(BlipTools.DescribeImageDescription)]
    public Task<ImageAnswer> DescribeImageAsync(
        [Description(BlipTools.ImageDescription)] string image, CancellationToken cancellationToken = default) =>
        tools.DescribeImageAsync(image, cancellationToken);

    /// <inheritdoc cref="BlipTools.MatchImagesAsync"/>
    [KernelFunction(BlipTools.MatchImagesName), Description(BlipTools.MatchImagesDescription)]
    public Task<ImageMatches> MatchImagesAsync(
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.TextDescription)] string text,
        CancellationToken cancellationToken = default) => tools.MatchImagesAsync(images, text, cancellationToken);

    /// <inheritdoc cref="BlipTools.SearchImagesAsync"/>
    [KernelFunction(BlipTools.SearchImagesName), Description(BlipTools.SearchImagesDescription)]
    public Task<ImageMatches> SearchImagesAsync(
        [Description(BlipTools.TextDescription)] string text, CancellationToken cancellationToken = default) =>
        tools.SearchImagesAsync(text, cancellationToken);

    /// <inheritdoc cref="BlipTools.ListImages"/>
    [KernelFunction(BlipTools.ListImagesName), Description(BlipTools.ListImagesDescription)]
    public ImageList ListImages() => tools.ListImages();
}
