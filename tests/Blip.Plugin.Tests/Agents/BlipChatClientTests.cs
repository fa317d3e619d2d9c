using Blip.AI;
using Blip.AI.Chat;
using Blip.Tests;
using Microsoft.Extensions.AI;
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
        ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, [Dogs, new TextContent("how many dogs are in the picture?")])]);
        Assert.Equal("2", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("demo", response.ModelId);
        Assert.Equal(response.Usage!.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task GetResponse_FurtherQuestion_IsAboutTheLastImage()
    {
        using BlipChatClient client = new(_service);
        List<ChatMessage> chat = [new(ChatRole.User, [Dogs, new TextContent("how many dogs are in the picture?")]), new(ChatRole.Assistant, "2"), new(ChatRole.User, "is there a cat?")];
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync(chat).ToListAsync();
        Assert.Equal("no", string.Concat(updates.Select(u => u.Text)));
    }

    [Fact]
    public async Task GetResponse_NoImageOrNoQuestion_SaysSo()
    {
        using BlipChatClient client = new(_service);
        Assert.Equal(BlipErrorCode.InvalidRequest, (await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync("how many dogs?"))).Code);
        Assert.Equal(BlipErrorCode.QuestionEmpty, (await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, [Dogs])]))).Code);
        ChatOptions tools = new() { Tools = [AIFunctionFactory.Create(() => 1)], ToolMode = ChatToolMode.RequireAny };
        await Assert.ThrowsAsync<BlipException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, [Dogs, new TextContent("what?")])], tools));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UseBlip_ImageAttached_TheModelReadsItsHandle(bool keepImages)
    {
        List<ChatMessage> seen = [];
        ChatOptions? options = null;
        Mock<IChatClient> inner = new();
        inner.Setup(c => c.GetResponseAsync(It.IsAny<IEnumerable<ChatMessage>>(), It.IsAny<ChatOptions>(), It.IsAny<CancellationToken>()))
            .Callback((IEnumerable<ChatMessage> messages, ChatOptions given, CancellationToken _) => { seen.AddRange(messages); options = given; })
            .ReturnsAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, "ok")));
        await using Microsoft.Extensions.DependencyInjection.ServiceProvider services =
            Microsoft.Extensions.DependencyInjection.ServiceCollectionContainerBuilderExtensions.BuildServiceProvider(new Microsoft.Extensions.DependencyInjection.ServiceCollection().AddBlip());
        using BlipConversation conversation = new();
        using IChatClient client = inner.Object.AsBuilder().UseBlip(conversation, keepImages).Build(services);
        ChatMessage message = new(ChatRole.User, [Dogs, new TextContent("what is this?")]);
        await client.GetResponseAsync([message]);
        await client.GetResponseAsync([message]);

        Assert.Contains("image-1", seen[0].Text, StringComparison.Ordinal);
        Assert.Equal(keepImages, seen[0].Contents.OfType<DataContent>().Any());
        Assert.Single(conversation.List());
        Assert.Equal(4, options!.Tools!.Count);
        Assert.Equal(2, message.Contents.Count);
    }

    [Fact]
    public async Task UseBlip_ImageByAddress_BecomesALineWithTheAddress()
    {
        List<ChatMessage> seen = [];
        Mock<IChatClient> inner = new();
        inner.Setup(c => c.GetResponseAsync(It.IsAny<IEnumerable<ChatMessage>>(), It.IsAny<ChatOptions>(), It.IsAny<CancellationToken>()))
            .Callback((IEnumerable<ChatMessage> messages, ChatOptions _, CancellationToken _) => seen.AddRange(messages))
            .ReturnsAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, "ok")));
        await using Microsoft.Extensions.DependencyInjection.ServiceProvider services =
            Microsoft.Extensions.DependencyInjection.ServiceCollectionContainerBuilderExtensions.BuildServiceProvider(new Microsoft.Extensions.DependencyInjection.ServiceCollection().AddBlip());
        using BlipConversation conversation = new();
        using IChatClient client = inner.Object.AsBuilder().UseBlip(conversation).Build(services);
        await client.GetResponseAsync([new ChatMessage(ChatRole.User, [new UriContent("https://example.com/dogs.jpg", "image/jpeg"), new TextContent("what is this?")])]);
        Assert.Contains("https://example.com/dogs.jpg", seen[0].Text, StringComparison.Ordinal);
        Assert.DoesNotContain(seen[0].Contents, c => c is UriContent);
    }
}
