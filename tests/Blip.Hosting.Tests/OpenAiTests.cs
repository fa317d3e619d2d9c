using System.ClientModel;
using System.Text;
using System.Text.Json;
using Blip.Tests;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The form of OpenAI's API, with the official .NET client and with requests written by hand.</summary>
public sealed class OpenAiTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    private Service Service => shared.Service;

    private OpenAIClient Client =>
        new(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(Service.Address, "/v1") });

    private static UserChatMessage Message { get; } = new(
        ChatMessageContentPart.CreateTextPart(Service.HowMany),
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Service.Dogs), "image/jpeg"));

    [Fact]
    public async Task OfficialClient_Image_IsAnswered()
    {
        ChatCompletion completion = await Client.GetChatClient("demo").CompleteChatAsync(
            [new SystemChatMessage("You answer questions about images."), Message],
            new ChatCompletionOptions { IncludeLogProbabilities = true });
        Assert.Equal("2", completion.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.Equal("demo", completion.Model);
        Assert.Equal(2, completion.Usage.OutputTokenCount);
        Assert.Equal(completion.Usage.InputTokenCount + 2, completion.Usage.TotalTokenCount);
        Assert.Equal(["2", "[SEP]"], completion.ContentTokenLogProbabilities.Select(token => token.Token));
        await using BlipModel model = await BlipModel.LoadAsync();
        Answer library = await model.AskAsync(BlipImage.FromBytes(Service.Dogs), Service.HowMany);
        Assert.Equal(library.TokenLogProbabilities[0], completion.ContentTokenLogProbabilities[0].LogProbability, 1e-4);
        Assert.InRange(completion.CreatedAt, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task OfficialClient_Streaming_GivesTheSame()
    {
        StringBuilder text = new();
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in Client.GetChatClient("blip").CompleteChatStreamingAsync([Message]))
        {
            foreach (ChatMessageContentPart part in update.ContentUpdate)
                text.Append(part.Text);
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }
        Assert.Equal("2", text.ToString());
        Assert.Equal(ChatFinishReason.Stop, reason);
        Assert.Equal(2, usage!.OutputTokenCount);
    }

    [Fact]
    public async Task OfficialClient_FurtherQuestion_IsAboutTheEarlierImage()
    {
        ChatCompletion completion = await Client.GetChatClient("demo").CompleteChatAsync(
            [Message, new AssistantChatMessage("2"), new UserChatMessage("what color is the tree?")]);
        Assert.Equal("green", completion.Content[0].Text);
    }

    [Fact]
    public async Task Handle_IsAnswered()
    {
        byte[] image = File.ReadAllBytes(TestPaths.Sample("snow.jpg"));
        string handle = (await Service.PostAsync("/api/images", Service.Image(image), 201)).GetProperty("handle").GetString()!;
        JsonElement completion = await Service.PostAsync("/v1/chat/completions", Service.Json(Request("is it snowing?", handle)));
        Assert.Equal("yes", completion.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task OfficialClient_Models_ListsTheOneThereIs()
    {
        OpenAIModelCollection models = await Client.GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal("demo", Assert.Single(models).Id);
    }

    [Fact]
    public async Task OfficialClient_WrongImage_ThrowsWithOurMessage()
    {
        UserChatMessage message = new(
            ChatMessageContentPart.CreateTextPart("what?"),
            ChatMessageContentPart.CreateImagePart(new Uri("https://example.com/cat.jpg")));
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.GetChatClient("demo").CompleteChatAsync([message]));
        Assert.Equal(403, exception.Status);
        Assert.Contains("host_not_allowed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaxTokens_One_CutsTheAnswer()
    {
        JsonElement completion = await Service.PostAsync(
            "/v1/chat/completions", Service.Json(Request(Service.HowMany, DataUri, ",\"max_tokens\":1")));
        Assert.Equal("length", completion.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(1, completion.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Theory]
    [InlineData("{}", 400, "invalid_request", null)]
    [InlineData("nonsense", 400, "invalid_request", null)]
    [InlineData("""{"messages":[]}""", 400, "invalid_request", null)]
    [InlineData("""{"messages":[7]}""", 400, "invalid_request", null)]
    [InlineData("""{"messages":[{"role":"user","content":"what?"}]}""", 400, "invalid_request", null)]
    [InlineData("""PARTS{"type":"image_url","image_url":{"url":"sha256-x"}}END""", 400, "invalid_request", null)]
    [InlineData("""PARTS{"type":"input_audio"},{"type":"text","text":"a"}END""", 400, "invalid_request", null)]
    [InlineData("""{"model":"gpt-4o",REST""", 404, "model_not_found", "model")]
    [InlineData("""{"n":2,REST""", 400, "invalid_request", null)]
    [InlineData("""{"tool_choice":"required",REST""", 400, "invalid_request", null)]
    [InlineData("""{"tool_choice":7,"model":8,REST""", 400, "invalid_request", null)]
    [InlineData("""{"response_format":{"type":"json_object"},REST""", 400, "invalid_request", null)]
    [InlineData("""{"max_tokens":0,REST""", 400, "invalid_request", null)]
    [InlineData(
        """PARTS{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"HELLO"}}END""", 415, "unsupported_image", "messages")]
    [InlineData("""PARTS{"type":"text","text":"a"},{"type":"image_url","image_url":"image-1"}END""", 404, "image_not_found", "messages")]
    public async Task Wrong_IsAnErrorInOpenAisForm(string json, int status, string code, string? parameter)
    {
        json = json.Replace("PARTS", """{"messages":[{"role":"user","content":[""", StringComparison.Ordinal)
            .Replace("END", "]}]}", StringComparison.Ordinal)
            .Replace("HELLO", "data:image/png;base64,aGVsbG8=", StringComparison.Ordinal)
            .Replace("REST", Request("a", DataUri)[1..], StringComparison.Ordinal);
        JsonElement error = (await Service.PostAsync("/v1/chat/completions", Service.Json(json), status)).GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(parameter, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    private static string Request(string question, string image, string more = "") =>
        """
        {"messages":[{"role":"user","content":[
          {"type":"text","text":"QUESTION"},
          {"type":"image_url","image_url":{"url":"IMAGE"}}
        ]}]MORE}
        """
            .Replace("QUESTION", question, StringComparison.Ordinal)
            .Replace("IMAGE", image, StringComparison.Ordinal)
            .Replace("MORE", more, StringComparison.Ordinal);
}
