using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.AI;
using Blip.AI.Chat;
using Blip.AI.Images;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>A chat of 100 turns with a new image in each, and a text-only model that asks about the newest.</summary>
[Trait("Category", "Long")]
public sealed class LongChatTests : IAsyncLifetime
{
    private const int Turns = 100;
    private const string HowMany = "how many dogs are in the picture?";

    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    private readonly BlipConversation _conversation = new();
    private ScriptedModel _model = null!;

    public async ValueTask InitializeAsync()
    {
        _model = await ScriptedModel.StartAsync();
        _model.Call = text => ("ask_image", new { image = Regex.Matches(text, @"image-\d+")[^1].Value, question = HowMany });
    }

    public ValueTask DisposeAsync()
    {
        _conversation.Dispose();
        return _model.DisposeAsync();
    }

    [Fact]
    public async Task SemanticKernel_StaysBounded()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion("scripted", _model.Endpoint, "key").AddBlip();
        Kernel kernel = builder.Build();
        kernel.ImportPluginFromBlip(_conversation);
        OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        ChatHistory history = [];
        for (int turn = 1; turn <= Turns; turn++)
        {
            history.AddUserMessage([new ImageContent(Image(turn), "image/jpeg"), new Microsoft.SemanticKernel.TextContent(HowMany)]);
            history.AttachImages(_conversation);
            ChatMessageContent answer = await chat.GetChatMessageContentAsync(history, settings, kernel);
            Assert.Equal("2", answer.Content);
            history.Add(answer);
        }
        await CheckAsync(kernel.Services);
    }

    [Fact]
    public async Task ExtensionsAI_StaysBounded()
    {
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using IChatClient client = _model.CreateClient().AsBuilder().UseBlip(_conversation).UseFunctionInvocation().Build(services);
        List<ChatMessage> messages = [];
        for (int turn = 1; turn <= Turns; turn++)
        {
            messages.Add(Message(turn));
            ChatResponse response = await client.GetResponseAsync(messages);
            Assert.Equal("2", response.Text);
            messages.AddMessages(response);
        }
        await CheckAsync(services);
    }

    [Fact]
    public async Task KeptImages_HaveOneLineEach_InEveryTurn()
    {
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using Reader reader = new();
        using IChatClient client = reader.AsBuilder().UseBlip(_conversation, keepImages: true).Build(services);
        List<ChatMessage> messages = [];
        ChatHistory history = [];
        using BlipConversation other = new();
        for (int turn = 1; turn <= Turns; turn++)
        {
            messages.Add(Message(turn));
            await client.GetResponseAsync(messages);
            history.AddUserMessage([new ImageContent(Image(turn), "image/jpeg"), new Microsoft.SemanticKernel.TextContent(HowMany)]);
            history.AttachImages(other, keepImages: true);
        }
        Assert.All(reader.Last, message => Assert.Equal(3, message.Contents.Count));
        Assert.All(messages, message => Assert.Equal(2, message.Contents.Count));
        Assert.All(history, message => Assert.Equal(3, message.Items.Count));
        Assert.Equal(
            Enumerable.Range(1, Turns).Select(turn => $"[An image: image-{turn}."),
            reader.Last.Select(message => message.Text.Split(" Use ")[0]));
        CheckConversation(_conversation);
        CheckConversation(other);
    }

    private static byte[] Image(int turn) => [.. Dogs, (byte)turn];

    private static ChatMessage Message(int turn) =>
        new(ChatRole.User, [new DataContent(Image(turn), "image/jpeg"), new Microsoft.Extensions.AI.TextContent(HowMany)]);

    /// <summary>What the model read last is short, an early image is gone with a clear error, and a late one is there.</summary>
    private async Task CheckAsync(IServiceProvider services)
    {
        CheckConversation(_conversation);
        JsonElement[] read = [.. _model.Requests.Last().GetProperty("messages").EnumerateArray()];
        Assert.InRange(read.Length, 2 * Turns, 4 * Turns);
        Assert.All(read, message => Assert.InRange(message.GetRawText().Length, 1, 500));
        BlipTools tools = services.CreateTools(_conversation);
        ToolError error = (await tools.AskImageAsync("image-1", HowMany)).Error!;
        Assert.Equal(ImageSourceErrorCode.ImageNotFound, error.Code);
        Assert.Contains("was removed", error.Message, StringComparison.Ordinal);
        Assert.Contains("list_images", error.Hint, StringComparison.Ordinal);
        Assert.Equal("2", (await tools.AskImageAsync($"image-{Turns}", HowMany)).Answer);
    }

    private static void CheckConversation(BlipConversation conversation)
    {
        ImageStoreOptions bounds = new();
        IReadOnlyList<StoredImage> kept = conversation.List();
        Assert.Equal(bounds.MaxImages, kept.Count);
        Assert.InRange(kept.Sum(image => (long)image.Bytes), 1, bounds.MaxBytes);
        Assert.Equal($"image-{Turns}", kept[^1].Handle);
    }

    /// <summary>A model that reads the messages and says nothing.</summary>
    private sealed class Reader : IChatClient
    {
        public IReadOnlyList<ChatMessage> Last { get; private set; } = [];

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Last = [.. messages];
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "")));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
