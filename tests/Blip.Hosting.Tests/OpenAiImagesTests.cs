using System.Text;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Which images a question is asked about, and the form of several answers.</summary>
public sealed class OpenAiImagesTests(SharedService shared) : IClassFixture<SharedService>
{
    private const string Question = "is it snowing?";

    private static readonly string Dogs = Uri("dogs.jpg"), Snow = Uri("snow.jpg");

    [Fact]
    public async Task SeveralImages_HaveALineEach_WithTheTokensOfAll()
    {
        JsonElement one = await AskAsync([User(Question, Dogs)]), other = await AskAsync([User(Question, Snow)]);
        JsonElement both = await AskAsync([User(Question, Dogs, Snow)]);
        Assert.Equal("image 1: no\nimage 2: yes", Content(both));
        Assert.Equal("image 1: yes\nimage 2: no\nimage 3: yes", Content(await AskAsync([User(Question, Snow, Dogs, Snow)])));
        foreach (string count in (string[])["prompt_tokens", "completion_tokens", "total_tokens"])
            Assert.Equal(Usage(one, count) + Usage(other, count), Usage(both, count));
    }

    [Fact]
    public async Task SeveralImages_Pieces_JoinToTheContent()
    {
        JsonElement both = await AskAsync([User(Question, Dogs, Snow)], ",\"logprobs\":true,\"top_logprobs\":2");
        JsonElement[] pieces = [.. both.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(["image 1: ", "no", "\nimage 2: ", "yes"], pieces.Select(piece => piece.GetProperty("token").GetString()));
        Assert.Equal([0, 2, 0, 2], pieces.Select(piece => piece.GetProperty("top_logprobs").GetArrayLength()));
        byte[] bytes = [.. pieces.SelectMany(piece => piece.GetProperty("bytes").EnumerateArray().Select(one => one.GetByte()))];
        Assert.Equal(Content(both), Encoding.UTF8.GetString(bytes));
    }

    [Theory]
    [InlineData("no", "question+dogs")]
    [InlineData("no", "question dogs")]
    [InlineData("yes", "dogs question snow")]
    [InlineData("yes", "question+dogs snow")]
    [InlineData("no", "snow question+dogs")]
    [InlineData("yes", "dogs snow question")]
    [InlineData("image 1: no\nimage 2: yes", "snow question dogs+snow")]
    [InlineData("image 1: no\nimage 2: yes", "dogs+snow question")]
    public async Task Conversation_LastQuestionIsAskedOfTheNewestImages(string answer, string messages)
    {
        string[] users =
        [
            .. messages.Split(' ').Select(message => User(
                message.Contains("question", StringComparison.Ordinal) ? Question : null,
                [.. message.Split('+').Where(word => word != "question").Select(word => word == "dogs" ? Dogs : Snow)])),
        ];
        Assert.Equal(answer, Content(await AskAsync(users)));
    }

    [Fact]
    public async Task SeveralImages_OneIsUnknown_IsRefusedByItsNumber()
    {
        string handle = "sha256-" + new string('0', 64);
        JsonElement error = (await AskAsync([User(Question, Dogs, handle)], "", 404)).GetProperty("error");
        Assert.StartsWith("Image 2: ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("image_not_found", error.GetProperty("code").GetString());
        Assert.Equal("messages", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task SeveralImages_MoreThan16_AreRefused()
    {
        string[] images = [.. Enumerable.Repeat(Snow, 17)];
        Assert.StartsWith("image 1: yes\n", Content(await AskAsync([User(Question, images[1..])])), StringComparison.Ordinal);
        JsonElement error = (await AskAsync([User(Question, images)], "", 400)).GetProperty("error");
        Assert.Equal("messages", error.GetProperty("param").GetString());
    }

    private Task<JsonElement> AskAsync(string[] messages, string more = "", int status = 200) => shared.Service.PostAsync(
        "/v1/chat/completions", Service.Json($"{{\"messages\":[{string.Join(',', messages)}]{more}}}"), status);

    private static string User(string? question, params string[] images)
    {
        IEnumerable<string> parts = images.Select(image => $$$"""{"type":"image_url","image_url":{"url":"{{{image}}}"}}""");
        if (question is not null)
            parts = parts.Prepend($$"""{"type":"text","text":"{{question}}"}""");
        return $$"""{"role":"user","content":[{{string.Join(',', parts)}}]}""";
    }

    private static string Uri(string sample) =>
        "data:image/jpeg;base64," + Convert.ToBase64String(File.ReadAllBytes(TestPaths.Sample(sample)));

    private static string Content(JsonElement completion) =>
        completion.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    private static int Usage(JsonElement completion, string count) => completion.GetProperty("usage").GetProperty(count).GetInt32();
}
