using Blip.AI;
using Blip.Plugin;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;

namespace Samples;

/// <summary>An agent with Semantic Kernel: a language model that cannot see asks Blip about the image in the chat.</summary>
public sealed class ImageAgent : IAsyncDisposable
{
    private static readonly OpenAIPromptExecutionSettings Settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private readonly ScriptedModel? _scripted;
    private readonly Kernel _kernel;

    /// <param name="key">The key of OpenAI. If it is missing, a scripted model replaces the language model.</param>
    public ImageAgent(string? key)
    {
        _scripted = string.IsNullOrEmpty(key) ? new ScriptedModel() : null;
        IKernelBuilder builder = Kernel.CreateBuilder();
        Uri endpoint = _scripted?.Endpoint ?? new Uri("https://api.openai.com/v1");
        builder.AddOpenAIChatCompletion("gpt-4o-mini", endpoint, _scripted is null ? key! : "none");
        builder.AddBlip();
        _kernel = builder.Build();
    }

    /// <summary>Answers a question about an image.</summary>
    /// <param name="path">The path of the image's file.</param>
    /// <param name="question">The question.</param>
    public async Task<string> AskAsync(string path, string question)
    {
        // The conversation holds the images. Each question has its own here, so images do not pile up.
        using BlipConversation conversation = new();
        Kernel kernel = _kernel.Clone();
        kernel.ImportPluginFromBlip(conversation);
        ChatHistory chat = [];
        chat.AddUserMessage([new ImageContent(await File.ReadAllBytesAsync(path), "image/jpeg"), new TextContent(question)]);
        chat.AttachImages(conversation);
        return (await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(chat, Settings, kernel)).ToString();
    }

    /// <summary>Frees Blip's model.</summary>
    public async ValueTask DisposeAsync()
    {
        await ((ServiceProvider)_kernel.Services).DisposeAsync();
        _scripted?.Dispose();
    }
}
