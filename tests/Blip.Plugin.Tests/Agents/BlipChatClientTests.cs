using System.ComponentModel;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Chat;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Moq;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

public sealed class BlipChatClientTests : IAsyncDisposable
{
    private static readonly DataContent Dogs = new(File.ReadAllBytes(TestPaths.Sample("dogs.jpg")), "image/jpeg");

    private readonly BlipService _service = new(Options.Create(new BlipOptions()));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task GetResponse_ImageAndText_IsAnsweredByBlip()
    {
        using BlipChatClient client = new(_service);
        ChatResponse response = await client.GetResponseAsync([Message(Dogs, "how many dogs are in the picture?")]);
        Assert.Equal("2", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("demo", response.ModelId);
        Assert.Equal(response.Usage!.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task GetResponse_FurtherQuestion_IsAboutTheLastImage()
    {
        using BlipChatClient client = new(_service);
        List<ChatMessage> chat =
            [Message(Dogs, "how many dogs are in the picture?"), new(ChatRole.Assistant, "2"), new(ChatRole.User, "is there a cat?")];
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync(chat).ToListAsync();
        Assert.Equal("no", string.Concat(updates.Select(u => u.Text)));
    }

    [Fact]
    public async Task GetResponse_NoImageOrNoQuestion_SaysSo()
    {
        using BlipChatClient client = new(_service);
        BlipException noImage = await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync("how many dogs?"));
        Assert.Equal(BlipErrorCode.InvalidRequest, noImage.Code);
        ChatMessage silent = new(ChatRole.User, [Dogs]);
        BlipException noQuestion = await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync([silent]));
        Assert.Equal(BlipErrorCode.QuestionEmpty, noQuestion.Code);
    }

    [Fact]
    public async Task GetResponse_ToolRequired_IsRefused()
    {
        using BlipChatClient client = new(_service);
        ChatOptions tools = new() { Tools = [AIFunctionFactory.Create(() => 1)], ToolMode = ChatToolMode.RequireAny };
        BlipException refused = await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync([Message(Dogs, "what?")], tools));
        Assert.Equal(BlipErrorCode.InvalidRequest, refused.Code);
    }

    [Fact]
    public async Task GetResponse_Schema_IsAnsweredByItsValue()
    {
        using BlipChatClient client = new(_service);
        List<ChatMessage> HowMany() => [Message(Dogs, "how many dogs are in the picture?")];
        Assert.Equal(2, (await client.GetResponseAsync<int>(HowMany())).Result);
        Assert.Equal(2, (await client.GetResponseAsync<int?>(HowMany())).Result);
        Assert.False((await client.GetResponseAsync<bool>([Message(Dogs, "is there a cat?")])).Result);
        Assert.Equal(Colors.Green, (await client.GetResponseAsync<Colors>([Message(Dogs, "what color is the tree?")])).Result);
        Assert.Equal("2", (await client.GetResponseAsync<string>(HowMany())).Result);
        ChatResponse<Scene> scene = await client.GetResponseAsync<Scene>(HowMany());
        Assert.Equal(new Scene(2, false, Colors.Green), scene.Result);
        Assert.Equal(3, Assert.IsType<Answer[]>(scene.RawRepresentation).Length);
        Assert.Equal("""{"dogs":2,"cat":false,"tree":"Green"}""", scene.Text);
    }

    [Fact]
    public async Task GetResponse_AnswerThatDoesNotFit_IsARefusal()
    {
        using BlipChatClient client = new(_service);
        ChatResponse<int> response = await client.GetResponseAsync<int>([Message(Dogs, "what color is the tree?")]);
        Assert.False(response.TryGetResult(out _));
        ErrorContent refusal = Assert.IsType<ErrorContent>(Assert.Single(Assert.Single(response.Messages).Contents));
        Assert.Contains("\"green\"", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("", response.Text);
    }

    [Theory]
    [InlineData(null, "needs a schema")]
    [InlineData("""{"type":"array","items":{"type":"string"}}""", "more than an answer can be")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}""", "'description'")]
    public async Task GetResponse_SchemaThatNoAnswerFollows_IsRefused(string? schema, string said)
    {
        using BlipChatClient client = new(_service);
        ChatOptions options = new()
        {
            ResponseFormat = schema is null ? ChatResponseFormat.Json : ChatResponseFormat.ForJsonSchema(JsonElement.Parse(schema)),
        };
        BlipException refused = await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync([Message(Dogs, "what?")], options));
        Assert.Equal(BlipErrorCode.InvalidRequest, refused.Code);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UseBlip_ImageAttached_TheModelReadsItsHandle(bool keepImages)
    {
        List<ChatMessage> seen = [];
        ChatOptions? options = null;
        IChatClient inner = Inner((messages, given) =>
        {
            seen.AddRange(messages);
            options = given;
        });
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using BlipConversation conversation = new();
        using IChatClient client = inner.AsBuilder().UseBlip(conversation, keepImages).Build(services);
        ChatMessage message = Message(Dogs, "what is this?");
        await client.GetResponseAsync([message]);
        await client.GetResponseAsync([message]);

        Assert.Contains("image-1", seen[0].Text, StringComparison.Ordinal);
        Assert.Equal(keepImages, seen[0].Contents.OfType<DataContent>().Any());
        Assert.Single(conversation.List());
        Assert.Equal(8, options!.Tools!.Count);
        Assert.Equal(2, message.Contents.Count);
    }

    [Fact]
    public async Task UseBlip_ImageByAddress_BecomesALineWithTheAddress()
    {
        List<ChatMessage> seen = [];
        IChatClient inner = Inner((messages, _) => seen.AddRange(messages));
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using BlipConversation conversation = new();
        using IChatClient client = inner.AsBuilder().UseBlip(conversation).Build(services);
        await client.GetResponseAsync([Message(new UriContent("https://example.com/dogs.jpg", "image/jpeg"), "what is this?")]);
        Assert.Contains("https://example.com/dogs.jpg", seen[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain(seen[0].Contents, c => c is UriContent);
    }

    private static ChatMessage Message(AIContent image, string question) => new(ChatRole.User, [image, new TextContent(question)]);

    /// <summary>The client behind the pipeline, which shows what it gets.</summary>
    private static IChatClient Inner(Action<IEnumerable<ChatMessage>, ChatOptions> show)
    {
        Mock<IChatClient> inner = new();
        inner.Setup(c => c.GetResponseAsync(It.IsAny<IEnumerable<ChatMessage>>(), It.IsAny<ChatOptions>(), It.IsAny<CancellationToken>()))
            .Callback((IEnumerable<ChatMessage> messages, ChatOptions options, CancellationToken _) => show(messages, options))
            .ReturnsAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, "ok")));
        return inner.Object;
    }

    private enum Colors
    {
        Red,
        Green,
    }

    private sealed record Scene(
        [property: Description("how many dogs are in the picture?")] int Dogs,
        [property: Description("is there a cat?")] bool Cat,
        [property: Description("what color is the tree?")] Colors Tree);
}
