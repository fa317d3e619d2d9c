using System.ClientModel;
using Blip.AI;
using Blip.AI.Chat;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;

namespace Samples;

/// <summary>An agent with Microsoft Agent Framework: a language model that cannot see asks Blip about the image in the chat.</summary>
public sealed class ImageAgent : IAsyncDisposable
{
    private readonly ScriptedModel? _scripted;
    private readonly IChatClient _languageModel;
    private readonly ServiceProvider _services = new ServiceCollection().AddBlip().BuildServiceProvider();

    /// <param name="key">The key of OpenAI. If it is missing, a scripted model replaces the language model.</param>
    public ImageAgent(string? key)
    {
        _scripted = string.IsNullOrEmpty(key) ? new ScriptedModel() : null;
        OpenAIClientOptions options = new() { Endpoint = _scripted?.Endpoint };
        OpenAIClient openAI = new(new ApiKeyCredential(_scripted is null ? key! : "none"), options);
        _languageModel = openAI.GetChatClient("gpt-4o-mini").AsIChatClient();
    }

    /// <summary>Answers a question about an image.</summary>
    /// <param name="path">The path of the image's file.</param>
    /// <param name="question">The question.</param>
    public async Task<string> AskAsync(string path, string question)
    {
        // The conversation holds the images. Each question has its own here, so images do not pile up.
        using BlipConversation conversation = new();
        IChatClient chat = _languageModel.AsBuilder().UseBlip(conversation).UseFunctionInvocation().Build(_services);
        ChatClientAgent agent = new(chat, "You answer questions about images.");
        DataContent image = new(await File.ReadAllBytesAsync(path), "image/jpeg");
        AgentResponse response = await agent.RunAsync(new ChatMessage(ChatRole.User, [image, new TextContent(question)]));
        return response.Text;
    }

    /// <summary>Frees Blip's model.</summary>
    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _languageModel.Dispose();
        _scripted?.Dispose();
    }
}
