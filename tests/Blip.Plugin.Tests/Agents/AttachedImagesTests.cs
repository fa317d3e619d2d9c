using Blip.AI;
using Blip.AI.Chat;
using Blip.AI.Images;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Moq;
using Xunit;
using FunctionResultContent = Microsoft.Extensions.AI.FunctionResultContent;
using SkText = Microsoft.SemanticKernel.TextContent;
using TextContent = Microsoft.Extensions.AI.TextContent;

namespace Blip.Plugin.Tests.Agents;

/// <summary>Every way in which an image gets into a chat: what the model reads of it is the same in each stack.</summary>
public sealed class AttachedImagesTests : IDisposable
{
    private const string Address = "https://example.com/my%20dog.jpg?a=1&b=%2F";

    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));
    private static readonly byte[] Room = File.ReadAllBytes(TestPaths.Sample("room.jpg"));

    private readonly BlipConversation _conversation = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddBlip().BuildServiceProvider();

    private static string DataUri => "data:image/jpeg;base64," + Convert.ToBase64String(Dogs);

    public void Dispose()
    {
        _conversation.Dispose();
        _services.Dispose();
    }

    [Theory]
    [InlineData("bytes", "image-1.")]
    [InlineData("data uri", "image-1.")]
    [InlineData("address", Address + ".")]
    [InlineData("hosted", "file-7 is stored by the chat's service")]
    public async Task OneImage_EachStack_ReadsTheSameLine(string kind, string expected)
    {
        string extensions = Assert.Single(await ReadAsync(new ChatMessage(ChatRole.User, [Content(kind)])));
        ChatHistory history = [new ChatMessageContent(AuthorRole.User, [Item(kind)])];
        history.AttachImages(_conversation);
        string kernel = Assert.IsType<SkText>(Assert.Single(Assert.Single(history).Items)).Text!;
        Assert.Equal(extensions, kernel);
        Assert.Contains(expected, extensions, StringComparison.Ordinal);
        Assert.InRange(extensions.Length, 1, 200);
    }

    [Fact]
    public async Task SeveralImages_AreNumberedAsTheyAppear()
    {
        string[] lines = await ReadAsync(
            new ChatMessage(ChatRole.User, [new DataContent(Dogs, "image/jpeg"), new DataContent(Room, "image/jpeg")]));
        Assert.Equal(["image-1", "image-2"], lines.Select(HandleIn));
        using BlipConversation other = new();
        ChatHistory history =
        [
            new ChatMessageContent(AuthorRole.User, [new ImageContent(Dogs, "image/jpeg"), new ImageContent(Room, "image/jpeg")]),
        ];
        history.AttachImages(other);
        Assert.Equal(["image-1", "image-2"], history[0].Items.Select(item => HandleIn(((SkText)item).Text!)));
    }

    [Fact]
    public async Task FortyImagesOverThreeTurns_EachHandleMeansOneImage()
    {
        byte[][] images = [.. Enumerable.Range(0, 40).Select(i => (byte[])[.. Dogs, (byte)i])];
        ChatMessage[] messages = [.. images.Select(image => new ChatMessage(ChatRole.User, [new DataContent(image, "image/jpeg")]))];
        for (int turn = 0; turn < 3; turn++)
        {
            Assert.Equal(Enumerable.Range(1, 40).Select(i => $"image-{i}"), (await ReadAsync(messages)).Select(HandleIn));
            for (int i = 1; i <= 40; i++)
            {
                if (_conversation.TryGet($"image-{i}", out ReadOnlyMemory<byte> image))
                    Assert.Equal(images[i - 1], image.ToArray());
            }
        }
        BlipTools tools = _services.CreateTools(_conversation);
        Assert.Equal(ImageSourceErrorCode.ImageNotFound, (await tools.AskImageAsync("image-1", "what is it?")).Error!.Code);
        Assert.Equal("2", (await tools.AskImageAsync("image-40", "how many dogs are in the picture?")).Answer);
    }

    [Fact]
    public void KeptImages_OverManyTurns_HaveOneLineEach()
    {
        ChatHistory history = [];
        for (int i = 0; i < 40; i++)
        {
            ImageContent image = new((byte[])[.. Dogs, (byte)i], "image/jpeg");
            history.Add(new ChatMessageContent(AuthorRole.User, [new SkText("look"), image]));
        }
        for (int turn = 0; turn < 5; turn++)
            history.AttachImages(_conversation, keepImages: true);
        Assert.All(history, message => Assert.Equal(3, message.Items.Count));
    }

    [Theory]
    [InlineData("IMAGE-1")]
    [InlineData("image 1")]
    [InlineData("Image_1")]
    [InlineData("image1")]
    [InlineData("image-01")]
    [InlineData("image-1.jpg")]
    public async Task Handle_AsModelsWriteIt_IsUnderstood(string written)
    {
        _conversation.Attach(Dogs);
        ImageAnswer answer = await _services.CreateTools(_conversation).AskImageAsync(written, "how many dogs are in the picture?");
        Assert.Equal(("2", "image-1"), (answer.Answer, answer.Image));
    }

    [Fact]
    public async Task Handle_OfNoImage_WithAnEnding_IsAFile()
    {
        _conversation.Attach(Dogs);
        ImageAnswer answer = await _services.CreateTools(_conversation).AskImageAsync("image-2.jpg", "what is it?");
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, answer.Error!.Code);
    }

    [Fact]
    public async Task ImageThatAToolReturns_ExtensionsAI_GetsAHandle()
    {
        AIFunction camera = AIFunctionFactory.Create(() => new DataContent(Dogs, "image/jpeg"), "take_photo");
        ChatOptions? sent = null;
        Mock<IChatClient> model = new();
        model.Setup(m => m.GetResponseAsync(It.IsAny<IEnumerable<ChatMessage>>(), It.IsAny<ChatOptions>(), It.IsAny<CancellationToken>()))
            .Callback<IEnumerable<ChatMessage>, ChatOptions, CancellationToken>((_, options, _) => sent = options)
            .ReturnsAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, "done")));
        using IChatClient client = model.Object.AsBuilder().UseBlip(_conversation).Build(_services);
        await client.GetResponseAsync("look", new ChatOptions { Tools = [camera] });
        AIFunction wrapped = sent!.Tools!.OfType<AIFunction>().Single(tool => tool.Name == "take_photo");
        Assert.Equal("image-1", HandleIn(Assert.IsType<string>(await wrapped.InvokeAsync())));
        // The demo family: six tools that ask, score and list, two that describe and match.
        Assert.Equal(9, sent.Tools!.Count);
    }

    [Fact]
    public void ImageThatAnEarlierToolReturned_ExtensionsAI_GetsAHandle()
    {
        ChatMessage message = new(ChatRole.Tool, [new FunctionResultContent("1", new DataContent(Dogs, "image/jpeg"))]);
        FunctionResultContent result = Assert.IsType<FunctionResultContent>(
            Assert.Single(Assert.Single(AttachedImages.Attach([message], _conversation, keepImages: false)).Contents));
        Assert.Equal(("1", "image-1"), (result.CallId, HandleIn((string)result.Result!)));
    }

    private static AIContent Content(string kind) => kind switch
    {
        "bytes" => new DataContent(Dogs, "image/jpeg"),
        "data uri" => new UriContent(DataUri, "image/jpeg"),
        "address" => new UriContent(Address, "image/jpeg"),
        _ => new HostedFileContent("file-7") { MediaType = "image/png" },
    };

    private static KernelContent Item(string kind) => kind switch
    {
        "bytes" => new ImageContent(Dogs, "image/jpeg"),
        "data uri" => new ImageContent(DataUri),
        "address" => new ImageContent(new Uri(Address)),
#pragma warning disable SKEXP0001, SKEXP0110
        _ => new FileReferenceContent("file-7"),
#pragma warning restore SKEXP0001, SKEXP0110
    };

    /// <summary>What a model reads of the messages.</summary>
    private async Task<string[]> ReadAsync(params ChatMessage[] messages)
    {
        List<ChatMessage> read = [];
        Mock<IChatClient> model = new();
        model.Setup(m => m.GetResponseAsync(It.IsAny<IEnumerable<ChatMessage>>(), It.IsAny<ChatOptions>(), It.IsAny<CancellationToken>()))
            .Callback<IEnumerable<ChatMessage>, ChatOptions, CancellationToken>((seen, _, _) => read.AddRange(seen))
            .ReturnsAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, "done")));
        using IChatClient client = model.Object.AsBuilder().UseBlip(_conversation).Build(_services);
        await client.GetResponseAsync(messages);
        return [.. read.SelectMany(message => message.Contents).Select(content => Assert.IsType<TextContent>(content).Text)];
    }

    private static string HandleIn(string line) => line.Split(' ', '.')[2];
}
