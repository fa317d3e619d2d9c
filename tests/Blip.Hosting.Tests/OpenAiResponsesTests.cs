using System.Text;
using System.Text.Json;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary><c>/v1/responses</c>, with requests written by hand.</summary>
public sealed class OpenAiResponsesTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string Image = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    [Fact]
    public async Task Response_HasTheAnswerAndWhatTheRequestSet()
    {
        const string More = """
            ,"model":"blip","instructions":"Answer in French.","metadata":{"caller":"7"},"max_output_tokens":1e12,"temperature":0.5,
            "store":true,"tools":[{"type":"web_search"}],"tool_choice":"auto","include":["reasoning.encrypted_content"],"top_logprobs":2
            """;
        JsonElement response = await AskAsync(Request(More));
        Assert.Equal("response", Text(response, "object"));
        Assert.Equal(("completed", "demo"), (Text(response, "status"), Text(response, "model")));
        Assert.StartsWith("resp_", Text(response, "id"), StringComparison.Ordinal);
        Assert.Equal("""{"caller":"7"}""", response.GetProperty("metadata").GetRawText());
        // Nothing is kept, and instructions have no effect.
        Assert.False(response.GetProperty("store").GetBoolean());
        Assert.Equal(JsonValueKind.Null, response.GetProperty("instructions").ValueKind);
        JsonElement usage = response.GetProperty("usage");
        Assert.Equal(2, usage.GetProperty("output_tokens").GetInt32());
        Assert.Equal(usage.GetProperty("input_tokens").GetInt32() + 2, usage.GetProperty("total_tokens").GetInt32());
        JsonElement message = Assert.Single(response.GetProperty("output").EnumerateArray());
        Assert.Equal(("message", "assistant"), (Text(message, "type"), Text(message, "role")));
        JsonElement part = Assert.Single(message.GetProperty("content").EnumerateArray());
        Assert.Equal("""{"type":"output_text","text":"2","annotations":[],"logprobs":[]}""", part.GetRawText());
    }

    [Fact]
    public async Task Answer_IsTheChatCompletions_WithTheSameTokens()
    {
        JsonElement response = await AskAsync(Request(",\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":5"));
        string chat = Request(",\"logprobs\":true,\"top_logprobs\":5").Replace("input_text", "text", StringComparison.Ordinal)
            .Replace("input_image", "image_url", StringComparison.Ordinal).Replace("\"input\"", "\"messages\"", StringComparison.Ordinal);
        JsonElement completion = await shared.Service.PostAsync("/v1/chat/completions", Service.Json(chat));
        JsonElement choice = completion.GetProperty("choices")[0], part = response.GetProperty("output")[0].GetProperty("content")[0];
        Assert.Equal(Text(choice.GetProperty("message"), "content"), Text(part, "text"));
        JsonElement[] tokens = [.. part.GetProperty("logprobs").EnumerateArray()];
        Assert.Equal(
            choice.GetProperty("logprobs").GetProperty("content").EnumerateArray().Select(token => Text(token, "token")),
            tokens.Select(token => Text(token, "token")));
        Assert.All(tokens, token => Assert.Equal(5, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.Equal(
            completion.GetProperty("usage").EnumerateObject().Select(count => count.Value.GetInt32()),
            ((string[])["input_tokens", "output_tokens", "total_tokens"])
                .Select(count => response.GetProperty("usage").GetProperty(count).GetInt32()));
    }

    [Theory]
    [InlineData(
        "", "completed",
        "response.created response.in_progress response.output_item.added response.content_part.added response.output_text.delta "
        + "response.output_text.done response.content_part.done response.output_item.done response.completed")]
    [InlineData(
        ",\"max_output_tokens\":1", "incomplete",
        "response.created response.in_progress response.output_item.added response.content_part.added response.output_text.delta "
        + "response.output_text.done response.content_part.done response.output_item.done response.incomplete")]
    [InlineData(
        ",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":{\"type\":\"integer\",\"minimum\":3}}}", "completed",
        "response.created response.in_progress response.output_item.added response.content_part.added response.refusal.delta "
        + "response.refusal.done response.content_part.done response.output_item.done response.completed")]
    public async Task Stream_HasTheEventsInOrder_AndEndsWithTheResponse(string more, string status, string expected)
    {
        JsonElement whole = await AskAsync(Request(more));
        using HttpResponseMessage response = await shared.Service.Http.PostAsync(
            new Uri("/v1/responses", UriKind.Relative), Service.Json(Request(more + ",\"stream\":true")));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        List<JsonElement> events = [];
        foreach (string block in (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = block.Split('\n');
            JsonElement data = JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement;
            Assert.Equal(2, lines.Length);
            Assert.Equal(lines[0], "event: " + Text(data, "type"));
            Assert.Equal(events.Count, data.GetProperty("sequence_number").GetInt32());
            events.Add(data);
        }
        Assert.Equal(expected, string.Join(' ', events.Select(one => Text(one, "type"))));
        JsonElement last = events[^1].GetProperty("response");
        Assert.Equal((status, status), (Text(last, "status"), Text(whole, "status")));
        Assert.Equal(Text(events[0].GetProperty("response"), "id"), Text(last, "id"));
        Assert.Equal("in_progress", Text(events[0].GetProperty("response"), "status"));
        // Whoever adds the deltas up has the part of the last event, which is that of the whole response.
        JsonElement part = last.GetProperty("output")[0].GetProperty("content")[0];
        Assert.Equal(whole.GetProperty("output")[0].GetProperty("content")[0].GetRawText(), part.GetRawText());
        string name = Text(part, "type") == "refusal" ? "refusal" : "text";
        IEnumerable<JsonElement> deltas = events.Where(one => one.TryGetProperty("delta", out _));
        Assert.Equal(Text(part, name), string.Concat(deltas.Select(delta => Text(delta, "delta"))));
        foreach (JsonElement one in events.Where(one => one.TryGetProperty("item_id", out _)))
            Assert.Equal(Text(last.GetProperty("output")[0], "id"), Text(one, "item_id"));
    }

    [Fact]
    public async Task LimitReached_IsIncomplete()
    {
        JsonElement response = await AskAsync(Request(",\"max_output_tokens\":1"));
        Assert.Equal("max_output_tokens", Text(response.GetProperty("incomplete_details"), "reason"));
        Assert.Equal("incomplete", Text(response.GetProperty("output")[0], "status"));
        Assert.Equal(1, response.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Conversation_WithAnAnswerAndACallOfATool_AsksTheLastQuestion()
    {
        const string Further = """
            ,{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"2"}]},
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
            {"role":"user","content":"what color is the tree?"}
            """;
        JsonElement response = await AskAsync(Request("", Further));
        Assert.Equal("green", Text(response.GetProperty("output")[0].GetProperty("content")[0], "text"));
    }

    [Fact]
    public async Task Handle_IsAnswered()
    {
        JsonElement stored = await shared.Service.PostAsync("/api/images", Service.Image(Service.Dogs), 201);
        JsonElement response = await AskAsync(Request("").Replace(Image, Text(stored, "handle"), StringComparison.Ordinal));
        Assert.Equal("2", Text(response.GetProperty("output")[0].GetProperty("content")[0], "text"));
    }

    [Theory]
    [InlineData("{}", 400, "input")]
    [InlineData("""{"input":"how many dogs are there?"}""", 400, "input")]
    [InlineData("""{"input":7}""", 400, "input")]
    [InlineData("""{"input":[]}""", 400, "input")]
    [InlineData("""{"input":[7]}""", 400, "input")]
    [InlineData("""{"input":[{"type":"item_reference","id":"msg_1"}]}""", 400, "input")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_image","file_id":"file_1"}]}]}""", 400, "input")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_file","file_id":"file_1"}]}]}""", 400, "input")]
    [InlineData("""{"previous_response_id":"resp_1",REST""", 400, "previous_response_id")]
    [InlineData("""{"conversation":"conv_1",REST""", 400, "conversation")]
    [InlineData("""{"prompt":{"id":"p"},REST""", 400, "prompt")]
    [InlineData("""{"background":true,REST""", 400, "background")]
    [InlineData("""{"tool_choice":{"type":"function","name":"f"},REST""", 400, "tool_choice")]
    [InlineData("""{"tool_choice":"required",REST""", 400, "tool_choice")]
    [InlineData("""{"tools":"none",REST""", 400, "tools")]
    [InlineData("""{"include":"message.output_text.logprobs",REST""", 400, "include")]
    [InlineData("""{"include":[1],REST""", 400, "include")]
    [InlineData("""{"top_logprobs":21,REST""", 400, "top_logprobs")]
    [InlineData("""{"max_output_tokens":0,REST""", 400, "max_output_tokens")]
    [InlineData("""{"metadata":[],REST""", 400, "metadata")]
    [InlineData("""{"metadata":{"a":1},REST""", 400, "metadata")]
    [InlineData("""{"metadata":{"a":"LONG"},REST""", 400, "metadata")]
    [InlineData("""{"store":"yes",REST""", 400, "store")]
    [InlineData("""{"stream":1,REST""", 400, "stream")]
    [InlineData("""{"text":"plain",REST""", 400, "text")]
    [InlineData("""{"text":{"format":"json"},REST""", 400, "text.format")]
    [InlineData("""{"text":{"format":{"type":7}},REST""", 400, "text.format.type")]
    [InlineData("""{"text":{"format":{"type":"json_schema","schema":{"type":"integer"}}},REST""", 400, "text.format.name")]
    [InlineData("""{"temperature":"hot",REST""", 400, "temperature")]
    [InlineData("""{"temperature":-1,REST""", 400, "temperature")]
    [InlineData("""{"top_p":1.5,REST""", 400, "top_p")]
    [InlineData("""{"include":["message.output_text.logprobs","everything"],REST""", 400, "include")]
    [InlineData("""{"truncation":"maybe",REST""", 400, "truncation")]
    [InlineData("""{"reasoning":"high",REST""", 400, "reasoning")]
    [InlineData("""{"reasoning":{"effort":"huge"},REST""", 400, "reasoning.effort")]
    [InlineData("""{"instructions":[],REST""", 400, "instructions")]
    [InlineData("""{"user":7,REST""", 400, "user")]
    [InlineData("""{"safety_identifier":7,REST""", 400, "safety_identifier")]
    [InlineData("""{"service_tier":{},REST""", 400, "service_tier")]
    [InlineData("""{"stream_options":{"include_obfuscation":"no"},REST""", 400, "stream_options.include_obfuscation")]
    [InlineData("""{"tools":[{}],REST""", 400, "tools[0].type")]
    [InlineData("""{"model":"gpt-5",REST""", 404, "model")]
    [InlineData("nonsense", 400, null)]
    public async Task Wrong_IsAnErrorInOpenAisForm(string json, int status, string? parameter)
    {
        json = json.Replace("REST", Request("")[1..], StringComparison.Ordinal)
            .Replace("LONG", new string('a', 513), StringComparison.Ordinal);
        JsonElement error = (await shared.Service.PostAsync("/v1/responses", Service.Json(json), status)).GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal(parameter, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", Text(error, "type"));
    }

    [Fact]
    public async Task Wrong_Detail_NamesTheInput()
    {
        string request = Request("").Replace("\"input_image\",", "\"input_image\",\"detail\":\"fine\",", StringComparison.Ordinal);
        JsonElement error = (await shared.Service.PostAsync("/v1/responses", Service.Json(request), 400)).GetProperty("error");
        Assert.Equal("input", Text(error, "param"));
        Assert.Contains("'detail' must be one of auto", Text(error, "message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_Image_NamesTheInput()
    {
        string broken = "data:image/png;base64," + Convert.ToBase64String(Encoding.ASCII.GetBytes("hello"));
        string request = Request("").Replace(Image, broken, StringComparison.Ordinal);
        JsonElement error = (await shared.Service.PostAsync("/v1/responses", Service.Json(request), 415)).GetProperty("error");
        Assert.Equal(("unsupported_image", "input"), (Text(error, "code"), Text(error, "param")));
    }

    private Task<JsonElement> AskAsync(string request) => shared.Service.PostAsync("/v1/responses", Service.Json(request));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string Request(string more, string further = "") =>
        $$"""
        {"input":[{"role":"user","content":[
          {"type":"input_text","text":"{{Service.HowMany}}"},
          {"type":"input_image","image_url":"{{Image}}"}
        ]}{{further}}]{{more}}}
        """;
}
