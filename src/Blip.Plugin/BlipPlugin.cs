using System.ComponentModel;
using Blip.AI;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>The image tools of one conversation as functions of Semantic Kernel. Thread-safe.</summary>
/// <param name="tools">The tools; each function calls one of them.</param>
public sealed class BlipPlugin(BlipTools tools)
{
    /// <inheritdoc cref="BlipTools.AskImageAsync"/>
    [KernelFunction(BlipTools.AskImageName), Description(BlipTools.AskImageDescription)]
    public Task<ImageAnswer> AskImageAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken = default) => tools.AskImageAsync(image, question, cancellationToken);

    /// <inheritdoc cref="BlipTools.AskImageManyAsync"/>
    [KernelFunction(BlipTools.AskImageManyName), Description(BlipTools.AskImageManyDescription)]
    public Task<ImageAnswers> AskImageManyAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionsDescription)] string[] questions,
        CancellationToken cancellationToken = default) => tools.AskImageManyAsync(image, questions, cancellationToken);

    /// <inheritdoc cref="BlipTools.AskImagesAsync"/>
    [KernelFunction(BlipTools.AskImagesName), Description(BlipTools.AskImagesDescription)]
    public Task<ImageAnswers> AskImagesAsync(
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken = default) => tools.AskImagesAsync(images, question, cancellationToken);

    /// <inheritdoc cref="BlipTools.ChooseAnswerAsync"/>
    [KernelFunction(BlipTools.ChooseAnswerName), Description(BlipTools.ChooseAnswerDescription)]
    public Task<ImageAnswer> ChooseAnswerAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        [Description(BlipTools.ChoicesDescription)] string[] choices,
        CancellationToken cancellationToken = default) => tools.ChooseAnswerAsync(image, question, choices, cancellationToken);

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
