using System.Text.Json;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Answers in the form of a JSON schema, in both of OpenAI's interfaces.</summary>
public sealed class OpenAiSchemaTests(SharedService shared) : IClassFixture<SharedService>
{
    private const string HowMany = "how many dogs are in the picture?", Cat = "is there a cat?", Tree = "what color is the tree?";

    private static readonly string Image = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    [Theory]
    [InlineData(HowMany, """{"answer":{"type":"integer"}}""", """{"answer":2}""")]
    [InlineData(HowMany, """{"n":{"type":"number","minimum":0,"maximum":2,"description":"dogs"}}""", """{"n":2}""")]
    [InlineData(HowMany, """{"n":{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":3,"format":"int32"}}""", """{"n":2}""")]
    [InlineData(HowMany, """{"n":{"type":"string","enum":["1","2"]}}""", """{"n":"2"}""")]
    [InlineData(Cat, """{"answer":{"type":"boolean"}}""", """{"answer":false}""")]
    [InlineData(Tree, """{"c":{"enum":["Red","GREEN"]}}""", """{"c":"GREEN"}""")]
    [InlineData(Tree, """{"c":{"type":"string"}}""", """{"c":"green"}""")]
    [InlineData(Tree, """{"c":{"type":["boolean","null"]}}""", """{"c":null}""")]
    [InlineData(Tree, """{"c":{"anyOf":[{"type":"integer"},{"type":"null"}]}}""", """{"c":null}""")]
    [InlineData(Tree, """{"c":{"type":["string","null"],"enum":["red",null]}}""", """{"c":null}""")]
    [InlineData(Tree, """{"c":{"$ref":"#/$defs/Color"}}""", """{"c":"green"}""")]
    [InlineData(
        "describe it", $$"""{"n":{"type":"integer","description":"{{HowMany}}"},"cat":{"description":"{{Cat}}","type":"boolean"} }""",
        """{"n":2,"cat":false}""")]
    public async Task Object_IsFilledByTheAnswers(string question, string properties, string expected)
    {
        string schema = """{"type":"object","properties":PROPERTIES,"required":[],"additionalProperties":false,"$defs":DEFS}"""
            .Replace("PROPERTIES", properties, StringComparison.Ordinal)
            .Replace("DEFS", """{"Color":{"type":"string","enum":["red","green"]}}""", StringComparison.Ordinal);
        JsonElement message = await ChatAsync(question, schema);
        Assert.Equal(expected, message.GetProperty("content").GetString());
        Assert.Equal(JsonValueKind.Null, message.GetProperty("refusal").ValueKind);
        JsonElement part = await RespondAsync(question, schema);
        Assert.Equal(("output_text", expected), (part.GetProperty("type").GetString(), part.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Value_WithoutAnObject_IsTheContent() =>
        Assert.Equal("2", (await ChatAsync(HowMany, """{"type":"integer"}""")).GetProperty("content").GetString());

    [Theory]
    [InlineData(Tree, """{"type":"integer"}""", "\"green\", which is not a number that the schema allows.")]
    [InlineData(HowMany, """{"type":"integer","minimum":3}""", "\"2\", which is not a number that the schema allows.")]
    public async Task AnswerOfAnotherType_IsARefusal(string question, string property, string expected)
    {
        expected = $"The answer is {expected} It was to be 'a'.";
        string schema = """{"type":"object","properties":{"a":PROPERTY}}""".Replace("PROPERTY", property, StringComparison.Ordinal);
        JsonElement message = await ChatAsync(question, schema);
        Assert.Equal(JsonValueKind.Null, message.GetProperty("content").ValueKind);
        Assert.Equal(expected, message.GetProperty("refusal").GetString());
        JsonElement part = await RespondAsync(question, schema);
        Assert.Equal(("refusal", expected), (part.GetProperty("type").GetString(), part.GetProperty("refusal").GetString()));
    }

    /// <summary>Values that are few are ranked: the best of them is the answer, whatever the model would have said.</summary>
    [Theory]
    [InlineData(Tree, """{"type":"boolean"}""", "true|false")]
    [InlineData(HowMany, """{"type":"integer","exclusiveMaximum":2}""", "1")]
    [InlineData(HowMany, """{"type":"integer","minimum":3,"maximum":12}""", "3")]
    [InlineData(Tree, """{"type":["string","null"],"enum":["red"]}""", "\"red\"")]
    [InlineData(Tree, """{"enum":["FireTruck","Green","half-pipe"]}""", "\"Green\"")]
    // The same to the model, and what no answer can be, beside what one can.
    [InlineData(Cat, """{"enum":["日本","yes"]}""", "\"yes\"")]
    [InlineData(Cat, """{"enum":["","yes"]}""", "\"yes\"")]
    [InlineData(Cat, """{"enum":["dog","Dog"," dog","dög"]}""", "\"dog\"")]
    [InlineData(Cat, """{"enum":[" ?","日本"]}""", "\" ?\"")]
    public async Task ValuesThatAreFew_AreRanked(string question, string property, string expected)
    {
        string schema = """{"type":"object","properties":{"a":PROPERTY}}""".Replace("PROPERTY", property, StringComparison.Ordinal);
        JsonElement message = await ChatAsync(question, schema);
        using JsonDocument content = JsonDocument.Parse(message.GetProperty("content").GetString()!);
        Assert.Contains(content.RootElement.GetProperty("a").GetRawText(), expected.Split('|'));
        Assert.Equal(content.RootElement.GetRawText(), (await RespondAsync(question, schema)).GetProperty("text").GetString());
    }

    [Fact]
    public async Task SameString_ManyTimes_IsRankedOnce()
    {
        string schema = $$"""{"enum":[{{string.Join(',', Enumerable.Repeat("\"yes\"", 5000))}}]}""";
        Assert.Equal("\"yes\"", (await ChatAsync(Cat, schema)).GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("""{"type":"json_object"}""")]
    [InlineData("""{"type":"grammar"}""")]
    [InlineData("""{"type":"json_schema"}""")]
    [InlineData("""{"type":"json_schema","schema":true}""")]
    [InlineData("""SCHEMA{"type":"array","items":{"type":"string"}}END""")]
    [InlineData("""SCHEMA{"type":"object"}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":7}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"boolean"}}}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"boolean"}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"string","pattern":"^x"}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"string","format":"date"}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":["string","integer"]}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"integer","enum":[1,2]}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"$ref":"#/$defs/B"}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"enum":[]}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"string","enum":[null]}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"integer","minimum":5,"maximum":2}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"number","maximum":-1}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"anyOf":[{"type":"integer"}],"minimum":3}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}END""")]
    [InlineData("""SCHEMA{"type":"object","properties":{"a":{"type":"boolean"}},"minProperties":2}END""")]
    public async Task WhatNoAnswerCanBe_IsRefusedByTheMember(string format)
    {
        format = format.Replace("SCHEMA", """{"type":"json_schema","name":"a","schema":""", StringComparison.Ordinal)
            .Replace("END", "}", StringComparison.Ordinal);
        string chat = format.Replace("\"name\"", "\"json_schema\":{\"name\"", StringComparison.Ordinal);
        chat = chat == format ? format : chat + "}";
        foreach ((string path, string request, string parameter) in ((string, string, string)[])
        [
            ("/v1/chat/completions", ChatRequest(HowMany, chat), "response_format"),
            ("/v1/responses", ResponsesRequest(HowMany, format), "text.format"),
        ])
        {
            JsonElement error = (await shared.Service.PostAsync(path, Service.Json(request), 400)).GetProperty("error");
            Assert.Equal(("invalid_request", parameter), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        }
    }

    [Theory]
    [InlineData("]}],", "]}],\"logprobs\":true,", "logprobs")]
    [InlineData("]}],", ",IMAGE]}],", "response_format")]
    public async Task WithWhatASchemaExcludes_IsRefused(string place, string more, string parameter)
    {
        string request = ChatRequest(HowMany, """{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"integer"}}}""")
            .Replace(place, more.Replace("IMAGE", ImagePart, StringComparison.Ordinal), StringComparison.Ordinal);
        JsonElement error = (await shared.Service.PostAsync("/v1/chat/completions", Service.Json(request), 400)).GetProperty("error");
        Assert.Equal(parameter, error.GetProperty("param").GetString());
    }

    private static string ImagePart => $$"""{"type":"image_url","image_url":"{{Image}}"}""";

    private async Task<JsonElement> ChatAsync(string question, string schema)
    {
        string format = $$$"""{"type":"json_schema","json_schema":{"schema":{{{schema}}},"name":"a","strict":true}}""";
        JsonElement completion = await shared.Service.PostAsync(
            "/v1/chat/completions", Service.Json(ChatRequest(question, format)));
        return completion.GetProperty("choices")[0].GetProperty("message");
    }

    private async Task<JsonElement> RespondAsync(string question, string schema)
    {
        string format = $$$"""{"type":"json_schema","schema":{{{schema}}},"name":"a","strict":true}""";
        JsonElement response = await shared.Service.PostAsync("/v1/responses", Service.Json(ResponsesRequest(question, format)));
        return response.GetProperty("output")[0].GetProperty("content")[0];
    }

    private static string ChatRequest(string question, string format) =>
        $$$"""
        {"messages":[{"role":"user","content":[{"type":"text","text":"{{{question}}}"},{{{ImagePart}}}]}],
        "response_format":{{{format}}}
        }
        """;

    private static string ResponsesRequest(string question, string format) =>
        $$$"""
        {"input":[{"role":"user","content":[
          {"type":"input_text","text":"{{{question}}}"},
          {"type":"input_image","image_url":"{{{Image}}}"}
        ]}],"text":{"format":{{{format}}}
        }}
        """;
}
