using System.ComponentModel;
using Blip.AI;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>The image tools as MCP tools: each calls one of <see cref="BlipTools"/>. The server creates them for each request.</summary>
[McpServerToolType]
internal sealed class BlipMcpTools(BlipTools tools)
{
    [McpServerTool(
        Name = BlipTools.AskImageName, Title = "Ask about an image",
        ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description(BlipTools.AskImageDescription)]
    public Task<ImageAnswer> AskImageAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken = default) => tools.AskImageAsync(image, question, cancellationToken);

    [McpServerTool(
        Name = BlipTools.AskImageManyName, Title = "Ask several questions about an image",
        ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description(BlipTools.AskImageManyDescription)]
    public Task<ImageAnswers> AskImageManyAsync(
        [Description(BlipTools.ImageDescription)] string image,
        [Description(BlipTools.QuestionsDescription)] string[] questions,
        CancellationToken cancellationToken = default) => tools.AskImageManyAsync(image, questions, cancellationToken);

    [McpServerTool(
        Name = BlipTools.AskImagesName, Title = "Compare images",
        ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = true, UseStructuredContent = true)]
    [Description(BlipTools.AskImagesDescription)]
    public Task<ImageAnswers> AskImagesAsync(
        [Description(BlipTools.ImagesDescription)] string[] images,
        [Description(BlipTools.QuestionDescription)] string question,
        CancellationToken cancellationToken = default) => tools.AskImagesAsync(images, question, cancellationToken);

    [McpServerTool(
        Name = BlipTools.ListImagesName, Title = "List images",
        ReadOnly = true, Idempotent = true, Destructive = false, OpenWorld = false, UseStructuredContent = true)]
    [Description(BlipTools.ListImagesDescription)]
    public ImageList ListImages() => tools.ListImages();
}
