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
        Assert.Equal("2", Assert.Single(completion.ContentTokenLogProbabilities).Token);
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
    public async Task OfficialClient_Models_ListsThoseThereAre_TheOneThatAnswersFirst()
    {
        OpenAIModelCollection models = await Client.GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(["demo", "demo-caption", "demo-matching"], models.Select(model => model.Id));
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

    [Fact]
    public async Task LogProbabilities_OfSeveralWords_JoinToTheContent()
    {
        byte[] image = File.ReadAllBytes(TestPaths.Sample("beach.jpg"));
        string request = Request(
            "what color is the umbrella?", "data:image/jpeg;base64," + Convert.ToBase64String(image), ",\"logprobs\":true");
        JsonElement completion = await Service.PostAsync("/v1/chat/completions", Service.Json(request));
        JsonElement choice = completion.GetProperty("choices")[0];
        string content = choice.GetProperty("message").GetProperty("content").GetString()!;
        Assert.Contains(" and ", content, StringComparison.Ordinal);
        JsonElement[] tokens = [.. choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        byte[] bytes = [.. tokens.SelectMany(token => token.GetProperty("bytes").EnumerateArray().Select(one => one.GetByte()))];
        Assert.Equal(content, Encoding.UTF8.GetString(bytes));
        Assert.Equal(content, string.Concat(tokens.Select(token => token.GetProperty("token").GetString())));
        Assert.Equal(completion.GetProperty("usage").GetProperty("completion_tokens").GetInt32() - 1, tokens.Length);
    }

    [Fact]
    public async Task TopLogProbabilities_AreTheModelsDistributionAtEachToken()
    {
        const string Question = "what color is the umbrella?";
        byte[] image = File.ReadAllBytes(TestPaths.Sample("beach.jpg"));
        string uri = "data:image/jpeg;base64," + Convert.ToBase64String(image);
        JsonElement[] tokens = await TokensAsync(3), all = await TokensAsync(20);
        await using BlipModel model = await BlipModel.LoadAsync();
        Answer answer = await model.AskAsync(BlipImage.FromBytes(image), Question, new AskOptions { TopLogProbabilities = 20 });
        Assert.Equal(answer.TokenIds.Count - 2, tokens.Length);
        for (int i = 0; i < tokens.Length; i++)
        {
            JsonElement[] top = [.. tokens[i].GetProperty("top_logprobs").EnumerateArray()];
            Assert.Equal(3, top.Length);
            foreach (string member in (string[])["token", "logprob", "bytes"])
                Assert.Equal(tokens[i].GetProperty(member).GetRawText(), top[0].GetProperty(member).GetRawText());
            Assert.All(top.Zip(answer.TopLogProbabilities[i]), pair =>
            {
                Assert.Equal(pair.Second.LogProbability, pair.First.GetProperty("logprob").GetSingle(), 1e-4f);
                byte[] bytes = [.. pair.First.GetProperty("bytes").EnumerateArray().Select(one => one.GetByte())];
                Assert.Equal(pair.Second.Text, Encoding.UTF8.GetString(bytes));
            });
            Assert.Equal(20, all[i].GetProperty("top_logprobs").GetArrayLength());
        }
        // A word that would follow has the space before it; the end would add nothing.
        string[] after = [.. all[1].GetProperty("top_logprobs").EnumerateArray().Select(one => one.GetProperty("token").GetString()!)];
        Assert.Equal(" and", after[0]);
        JsonElement end = all[1].GetProperty("top_logprobs")[Array.IndexOf(after, "[SEP]")];
        Assert.Equal(0, end.GetProperty("bytes").GetArrayLength());

        async Task<JsonElement[]> TokensAsync(int count)
        {
            string request = Request(Question, uri, FormattableString.Invariant($",\"logprobs\":true,\"top_logprobs\":{count}"));
            JsonElement completion = await Service.PostAsync("/v1/chat/completions", Service.Json(request));
            return [.. completion.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        }
    }

    [Theory]
    [InlineData("1e12")]
    [InlineData("1000000000000")]
    [InlineData("20.0")]
    public async Task MaxTokens_OfAnySize_IsAnswered(string tokens)
    {
        JsonElement completion = await Service.PostAsync(
            "/v1/chat/completions", Service.Json(Request(Service.HowMany, DataUri, $",\"max_tokens\":{tokens}")));
        Assert.Equal("stop", completion.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task NullMembers_CountAsAbsent()
    {
        string[] names =
        [
            "model", "n", "stream", "stream_options", "logprobs", "top_logprobs", "max_tokens", "tools", "tool_choice", "response_format",
            "temperature",
        ];
        string nulls = string.Concat(names.Select(name => $",\"{name}\":null"));
        JsonElement completion = await Service.PostAsync("/v1/chat/completions", Service.Json(Request(Service.HowMany, DataUri, nulls)));
        Assert.Equal("2", completion.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("modalities", """["text","audio"]""", "audio")]
    [InlineData("top_p", "7", "'top_p' must be a number, 0 to 1")]
    [InlineData("stream_options", """{"include_usage":1}""", "'stream_options.include_usage' must be true or false")]
    public async Task Setting_Wrong_IsToldWhatItMayBe(string name, string value, string expected)
    {
        string request = Request("a", DataUri, $",\"{name}\":{value}");
        JsonElement error = (await Service.PostAsync("/v1/chat/completions", Service.Json(request), 400)).GetProperty("error");
        Assert.Contains(expected, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"}}", "\",\"detail\":\"fine\"}}", "'image_url.detail' must be one of auto, low, high")]
    [InlineData("\"user\",", "\"user\",\"name\":7,", "'name' must be a string")]
    public async Task Message_WithAWrongMember_IsToldWhich(string place, string changed, string expected)
    {
        string request = Request("a", DataUri).Replace(place, changed, StringComparison.Ordinal);
        JsonElement error = (await Service.PostAsync("/v1/chat/completions", Service.Json(request), 400)).GetProperty("error");
        Assert.Equal("messages", error.GetProperty("param").GetString());
        Assert.Contains(expected, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_AsOpenAIAllowsThem_HaveNoEffect()
    {
        const string More = """
            ,"temperature":2,"top_p":0,"presence_penalty":-2,"frequency_penalty":2,"seed":-9007199254740993,"stop":"cat","user":"u",
            "logit_bias":{"50256":-100,"7":100},"metadata":{"a":"b"},"parallel_tool_calls":false,"service_tier":"auto",
            "modalities":["text"],"reasoning_effort":"minimal","store":false,"tools":[{"type":"function","function":{"name":"f"}}],
            "tool_choice":"auto"
            """;
        string request = Request(Service.HowMany, DataUri, More)
            .Replace("\"}}", "\",\"detail\":\"low\"}}", StringComparison.Ordinal)
            .Replace("\"user\",\"content\"", "\"user\",\"name\":\"n\",\"content\"", StringComparison.Ordinal);
        JsonElement completion = await Service.PostAsync("/v1/chat/completions", Service.Json(request));
        Assert.Equal("2", completion.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1/models/gpt-4o", 404, "model_not_found")]
    [InlineData("GET", "/v1/models/org/name", 404, "model_not_found")]
    [InlineData("GET", "/v1/chat/completions", 405, "invalid_request")]
    [InlineData("GET", "/v1/responses", 405, "invalid_request")]
    [InlineData("GET", "/v1/responses/resp_1", 404, "invalid_request")]
    [InlineData("DELETE", "/v1/responses/resp_1", 404, "invalid_request")]
    [InlineData("DELETE", "/v1/models", 405, "invalid_request")]
    [InlineData("DELETE", "/v1/models/Salesforce/blip-vqa-base", 405, "invalid_request")]
    [InlineData("POST", "/v1/audio/speech", 404, "invalid_request")]
    [InlineData("GET", "/v1", 404, "invalid_request")]
    public async Task UnderV1_WhatIsNotThere_IsAnErrorInOpenAisForm_WhateverIsAccepted(string method, string path, int status, string code)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Headers = { { "Accept", "text/html" } } };
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(code, document.RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Matches("^[0-9a-f]{32}$|:", Assert.Single(response.Headers.GetValues("x-request-id")));
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("blip")]
    public async Task OfficialClient_Model_IsFoundByItsName(string name) =>
        Assert.Equal("demo", (await Client.GetOpenAIModelClient().GetModelAsync(name)).Value.Id);

    [Theory]
    [InlineData("{}", 400, "invalid_request", "messages")]
    [InlineData("nonsense", 400, "invalid_request", null)]
    [InlineData("""{"messages":[]}""", 400, "invalid_request", "messages")]
    [InlineData("""{"messages":[7]}""", 400, "invalid_request", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"what?"}]}""", 400, "invalid_request", "messages")]
    [InlineData("""PARTS{"type":"image_url","image_url":{"url":"sha256-x"}}END""", 400, "invalid_request", "messages")]
    [InlineData("""PARTS{"type":"input_audio"},{"type":"text","text":"a"}END""", 400, "invalid_request", "messages")]
    [InlineData("""{"n":"2",REST""", 400, "invalid_request", "n")]
    [InlineData("""{"n":0,REST""", 400, "invalid_request", "n")]
    [InlineData("""{"stream":"true",REST""", 400, "invalid_request", "stream")]
    [InlineData("""{"stream_options":true,REST""", 400, "invalid_request", "stream_options")]
    [InlineData("""{"stream_options":{"include_usage":1},REST""", 400, "invalid_request", "stream_options.include_usage")]
    [InlineData("""{"response_format":"json",REST""", 400, "invalid_request", "response_format")]
    [InlineData("""{"logprobs":3,REST""", 400, "invalid_request", "logprobs")]
    [InlineData("""{"logprobs":true,"top_logprobs":21,REST""", 400, "invalid_request", "top_logprobs")]
    [InlineData("""{"top_logprobs":2,REST""", 400, "invalid_request", "top_logprobs")]
    [InlineData("""{"functions":[{"name":"f"}],"function_call":{"name":"f"},REST""", 400, "invalid_request", "function_call")]
    [InlineData("""{"tool_choice":{"type":"function"},REST""", 400, "invalid_request", "tool_choice")]
    [InlineData("""{"tools":{},REST""", 400, "invalid_request", "tools")]
    [InlineData("""{"temperature":"hot",REST""", 400, "invalid_request", "temperature")]
    [InlineData("""{"response_format":{"type":5},REST""", 400, "invalid_request", "response_format.type")]
    [InlineData("""{"response_format":UNNAMED,REST""", 400, "invalid_request", "response_format.json_schema.name")]
    [InlineData("""{"temperature":2.1,REST""", 400, "invalid_request", "temperature")]
    [InlineData("""{"top_p":-0.1,REST""", 400, "invalid_request", "top_p")]
    [InlineData("""{"presence_penalty":-2.5,REST""", 400, "invalid_request", "presence_penalty")]
    [InlineData("""{"frequency_penalty":3,REST""", 400, "invalid_request", "frequency_penalty")]
    [InlineData("""{"seed":1.5,REST""", 400, "invalid_request", "seed")]
    [InlineData("""{"stop":7,REST""", 400, "invalid_request", "stop")]
    [InlineData("""{"stop":["a",7],REST""", 400, "invalid_request", "stop")]
    [InlineData("""{"stop":["a","b","c","d","e"],REST""", 400, "invalid_request", "stop")]
    [InlineData("""{"logit_bias":[],REST""", 400, "invalid_request", "logit_bias")]
    [InlineData("""{"verbosity":"z",REST""", 400, "invalid_request", "verbosity")]
    [InlineData("""{"prediction":5,REST""", 400, "invalid_request", "prediction")]
    [InlineData("""{"logit_bias":{"50":1,"51":200},REST""", 400, "invalid_request", "logit_bias")]
    [InlineData("""{"logit_bias":{"50":-1000},REST""", 400, "invalid_request", "logit_bias")]
    [InlineData("""{"logit_bias":{"50":"x"},REST""", 400, "invalid_request", "logit_bias")]
    [InlineData("""{"user":7,REST""", 400, "invalid_request", "user")]
    [InlineData("""{"metadata":"a",REST""", 400, "invalid_request", "metadata")]
    [InlineData("""{"parallel_tool_calls":"yes",REST""", 400, "invalid_request", "parallel_tool_calls")]
    [InlineData("""{"service_tier":1,REST""", 400, "invalid_request", "service_tier")]
    [InlineData("""{"tools":[{"type":"function"},7],REST""", 400, "invalid_request", "tools[1]")]
    [InlineData("""{"tools":[{"name":"f"}],REST""", 400, "invalid_request", "tools[0].type")]
    [InlineData("""{"modalities":"text",REST""", 400, "invalid_request", "modalities")]
    [InlineData("""{"modalities":["text","audio"],REST""", 400, "invalid_request", "modalities")]
    [InlineData("""{"reasoning_effort":"huge",REST""", 400, "invalid_request", "reasoning_effort")]
    [InlineData("""{"max_tokens":"5",REST""", 400, "invalid_request", "max_tokens")]
    [InlineData("""{"max_completion_tokens":2.5,REST""", 400, "invalid_request", "max_completion_tokens")]
    [InlineData("""{"model":"gpt-4o",REST""", 404, "model_not_found", "model")]
    [InlineData("""{"n":2,REST""", 400, "invalid_request", "n")]
    [InlineData("""{"tool_choice":"required",REST""", 400, "invalid_request", "tool_choice")]
    [InlineData("""{"tool_choice":7,"model":8,REST""", 400, "invalid_request", "tool_choice")]
    [InlineData("""{"response_format":{"type":"json_object"},REST""", 400, "invalid_request", "response_format")]
    [InlineData("""{"max_tokens":0,REST""", 400, "invalid_request", "max_tokens")]
    [InlineData(
        """PARTS{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"HELLO"}}END""", 415, "unsupported_image", "messages")]
    [InlineData("""PARTS{"type":"text","text":"a"},{"type":"image_url","image_url":"image-1"}END""", 404, "image_not_found", "messages")]
    public async Task Wrong_IsAnErrorInOpenAisForm(string json, int status, string code, string? parameter)
    {
        json = json.Replace("PARTS", """{"messages":[{"role":"user","content":[""", StringComparison.Ordinal)
            .Replace("END", "]}]}", StringComparison.Ordinal)
            .Replace("HELLO", "data:image/png;base64,aGVsbG8=", StringComparison.Ordinal)
            .Replace(
                "UNNAMED", """{"type":"json_schema","json_schema":{"schema":{"type":"integer"}}}""", StringComparison.Ordinal)
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
