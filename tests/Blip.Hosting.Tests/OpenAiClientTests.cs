using System.ClientModel;
using System.Text;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using OpenAI;
using OpenAI.Responses;
using Xunit;
using Json = System.Text.Json.JsonSerializer;
using TextContent = Microsoft.Extensions.AI.TextContent;

// OpenAI's client for the Responses API is marked as one that may still change.
#pragma warning disable OPENAI001

namespace Blip.Hosting.Tests;

/// <summary>Clients of .NET as they are published: OpenAI's, Microsoft.Extensions.AI's and Semantic Kernel's.</summary>
public sealed class OpenAiClientTests(SharedService shared) : IClassFixture<SharedService>
{
    private const string Tree = "what color is the tree?";

    private OpenAIClient Client =>
        new(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(shared.Service.Address, "/v1") });

    private static ResponseItem Question { get; } = ResponseItem.CreateUserMessageItem(
    [
        ResponseContentPart.CreateInputTextPart(Service.HowMany),
        ResponseContentPart.CreateInputImagePart(BinaryData.FromBytes(Service.Dogs, "image/jpeg")),
    ]);

    [Fact]
    public async Task Responses_Image_IsAnswered()
    {
        CreateResponseOptions options = new()
        {
            Model = "blip", InputItems = { Question }, MaxOutputTokenCount = 20, TopLogProbabilityCount = 3,
            IncludedProperties = { IncludedResponseProperty.MessageOutputTextLogProbabilities }, Metadata = { ["caller"] = "7" },
        };
        ResponseResult response = await Client.GetResponsesClient().CreateResponseAsync(options);
        Assert.Equal("2", response.GetOutputText());
        Assert.Equal((ResponseStatus.Completed, "demo"), (response.Status, response.Model));
        Assert.Equal((2, "7"), (response.Usage.OutputTokenCount, response.Metadata["caller"]));
        ResponseContentPart part = Assert.Single(
            Assert.IsType<MessageResponseItem>(Assert.Single(response.OutputItems), exactMatch: false).Content);
        ResponseTokenLogProbabilityDetails token = Assert.Single(part.OutputTextTokenLogProbabilities);
        Assert.Equal(("2", 3), (token.Token, token.TopLogProbabilities.Count));
        Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability);
    }

    [Fact]
    public async Task Responses_Stream_GivesTheSame()
    {
        CreateResponseOptions options = new() { Model = "blip", InputItems = { Question }, StreamingEnabled = true };
        StringBuilder text = new();
        ResponseResult? last = null;
        await foreach (StreamingResponseUpdate update in await Client.GetResponsesClient().CreateResponseStreamingAsync(options))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta)
                text.Append(delta.Delta);
            last = (update as StreamingResponseCompletedUpdate)?.Response;
        }
        Assert.Equal(("2", "2"), (text.ToString(), last?.GetOutputText()));
    }

    [Fact]
    public async Task Responses_Kept_AreNone()
    {
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.GetResponsesClient().GetResponseAsync("resp_1"));
        Assert.Equal(404, exception.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExtensionsAI_Client_AsksStreamsAndReadsValues(bool responses)
    {
        using IChatClient client = responses
            ? Client.GetResponsesClient().AsIChatClient("blip")
            : Client.GetChatClient("blip").AsIChatClient();
        ChatResponse answer = await client.GetResponseAsync([Ask(Service.HowMany)]);
        Assert.Equal(("2", 2L), (answer.Text, answer.Usage?.OutputTokenCount));
        // This client streams responses only with an OpenAI package older than the one that the other tests use.
        if (!responses)
            Assert.Equal("2", (await client.GetStreamingResponseAsync([Ask(Service.HowMany)]).ToChatResponseAsync()).Text);
        Assert.Equal(2, (await client.GetResponseAsync<int>([Ask(Service.HowMany)])).Result);
        Assert.False((await client.GetResponseAsync<bool>([Ask("is there a cat?")])).Result);
        Assert.Equal(Color.Green, (await client.GetResponseAsync<Color>([Ask(Tree)])).Result);
        Assert.Equal(new Count(2), (await client.GetResponseAsync<Count>([Ask(Service.HowMany)])).Result);

        static ChatMessage Ask(string question) =>
            new(ChatRole.User, [new TextContent(question), new DataContent(Service.Dogs, "image/jpeg")]);
    }

    [Fact]
    public async Task SemanticKernel_Connector_AsksStreamsAndReadsValues()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion("blip", Client);
        IChatCompletionService chat = builder.Build().GetRequiredService<IChatCompletionService>();
        ChatHistory history = new("You answer questions about images.");
        history.AddUserMessage([new Microsoft.SemanticKernel.TextContent(Service.HowMany), new ImageContent(Service.Dogs, "image/jpeg")]);
        Assert.Equal("2", (await chat.GetChatMessageContentAsync(history)).Content);
        StringBuilder text = new();
        await foreach (StreamingChatMessageContent part in chat.GetStreamingChatMessageContentsAsync(history))
            text.Append(part.Content);
        Assert.Equal("2", text.ToString());
        OpenAIPromptExecutionSettings typed = new() { ResponseFormat = typeof(Count) };
        string json = (await chat.GetChatMessageContentAsync(history, typed)).Content!;
        Assert.Equal(new Count(2), Json.Deserialize<Count>(json));
        // A question that follows is about the same image; a further image beside it is the one that counts.
        history.AddAssistantMessage("2");
        history.AddUserMessage(Tree);
        Assert.Equal("green", (await chat.GetChatMessageContentAsync(history)).Content);
        history.AddUserMessage("is it snowing?");
        history.AddUserMessage([new ImageContent(await File.ReadAllBytesAsync(TestPaths.Sample("snow.jpg")), "image/jpeg")]);
        Assert.Equal("yes", (await chat.GetChatMessageContentAsync(history)).Content);
    }

    private enum Color
    {
        Red,
        Green,
    }

    private sealed record Count(int Dogs);
}
