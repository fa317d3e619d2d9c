using System.ClientModel;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using OpenAI;

namespace Blip.Plugin.Tests.Agents;

/// <summary>
/// A text-only language model behind the chat-completions protocol, on loopback. It answers a message of a user with a call of the image
/// tool, about the question and the image that the message names. It answers the tool's result with the answer in it.
/// </summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedModel(WebApplication app) => _app = app;

    /// <summary>The requests that were received, in order.</summary>
    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    public Uri Endpoint => new(_app.Urls.Single() + "/v1");

    /// <summary>The tool to call, and its arguments; the question and the image of the user's message by default.</summary>
    public Func<string, (string Tool, object Arguments)> Call { get; set; } = text =>
    {
        string[] parts = text.Split('|');
        string image = text.Contains("image-1", StringComparison.Ordinal) ? "image-1" : parts[0];
        return ("ask_image", new { image, question = parts[^1].Split('\n')[^1].Trim() });
    };

    /// <summary>A second call that the first one's result leads to; none by default.</summary>
    public Func<JsonNode, (string Tool, object Arguments)?> Then { get; set; } = _ => null;

    public static async Task<ScriptedModel> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        ScriptedModel model = new(app);
        app.MapPost("/v1/chat/completions", model.CompleteAsync);
        await app.StartAsync();
        return model;
    }

    /// <summary>OpenAI's client for this model.</summary>
    public IChatClient CreateClient()
    {
        OpenAIClient client = new(new ApiKeyCredential("key"), new OpenAIClientOptions { Endpoint = Endpoint });
        return client.GetChatClient("scripted").AsIChatClient();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task CompleteAsync(HttpContext context)
    {
        using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body);
        JsonElement request = document.RootElement.Clone();
        Requests.Enqueue(request);
        JsonElement[] messages = [.. request.GetProperty("messages").EnumerateArray()];
        JsonElement last = messages[^1];
        bool isResult = last.GetProperty("role").GetString() == "tool";
        JsonNode? result = isResult ? Parse(Text(last)) : null;
        bool isFirst = messages.Count(m => m.GetProperty("role").GetString() == "tool") == 1;
        JsonObject message = !isResult ? CallTool(request, Call(Text(last)))
            : isFirst && result is not null && Then(result) is { } next ? CallTool(request, next)
            : Say(result, Text(last));
        string reason = message.ContainsKey("tool_calls") ? "tool_calls" : "stop";
        if (request.TryGetProperty("stream", out JsonElement stream) && stream.GetBoolean())
        {
            context.Response.ContentType = "text/event-stream";
            await WriteAsync(Envelope("chat.completion.chunk", Choice("delta", message, null)).ToJsonString());
            await WriteAsync(Envelope("chat.completion.chunk", Choice("delta", [], reason)).ToJsonString());
            await WriteAsync("[DONE]");
            return;
        }
        await context.Response.WriteAsJsonAsync(Envelope("chat.completion", Choice("message", message, reason)));

        Task WriteAsync(string data) => context.Response.WriteAsync($"data: {data}\n\n", Encoding.UTF8);
    }

    /// <summary>The JSON of a tool's result; null where it is none.</summary>
    private static JsonNode? Parse(string toolResult)
    {
        try
        {
            JsonNode? result = JsonNode.Parse(toolResult);
            // A tool's result can come wrapped as a text block, as MCP clients pass it on.
            JsonNode? inner = result is JsonObject ? result["content"]?[0]?["text"] ?? result["text"] : null;
            return inner is null ? result : JsonNode.Parse(inner.GetValue<string>());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonObject Say(JsonNode? result, string toolResult)
    {
        JsonNode? said = result is JsonObject ? result["answer"] ?? result["matches"]?[0]?["image"] ?? result["error"]?["code"] : null;
        return new JsonObject { ["role"] = "assistant", ["content"] = said?.GetValue<string>() ?? toolResult };
    }

    private static JsonObject CallTool(JsonElement request, (string Tool, object Arguments) call)
    {
        (string tool, object arguments) = call;
        // Semantic Kernel puts the plugin's name before the function's.
        string name = request.GetProperty("tools").EnumerateArray()
            .Select(t => t.GetProperty("function").GetProperty("name").GetString()!)
            .Single(n => n == tool || n == "blip-" + tool || n == "blip_" + tool);
        return new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = null,
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["id"] = "call_1",
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = name, ["arguments"] = JsonSerializer.Serialize(arguments) },
            }),
        };
    }

    private static JsonObject Choice(string kind, JsonObject content, string? reason) =>
        new() { ["index"] = 0, [kind] = content, ["finish_reason"] = reason };

    private static JsonObject Envelope(string kind, JsonObject choice) => new()
    {
        ["id"] = "x",
        ["object"] = kind,
        ["created"] = 1,
        ["model"] = "scripted",
        ["choices"] = new JsonArray(choice),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = 1, ["total_tokens"] = 2 },
    };

    private static string Text(JsonElement message)
    {
        JsonElement content = message.GetProperty("content");
        if (content.ValueKind == JsonValueKind.String)
            return content.GetString()!;
        IEnumerable<JsonElement> texts = content.EnumerateArray().Where(p => p.GetProperty("type").GetString() == "text");
        return string.Join('\n', texts.Select(p => p.GetProperty("text").GetString()));
    }
}
