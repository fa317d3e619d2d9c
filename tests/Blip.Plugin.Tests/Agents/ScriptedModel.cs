using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Blip.Plugin.Tests.Agents;

/// <summary>
/// A text-only language model behind the chat-completions protocol, on loopback: asked something, it calls the image tool with the question and the image that the
/// message names; given a tool's result, it says the answer that is in it.
/// </summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedModel(WebApplication app) => _app = app;

    /// <summary>What was received, request by request.</summary>
    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    public Uri Endpoint => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/v1");

    /// <summary>The tool to call, and its arguments; the question and the image of the user's message by default.</summary>
    public Func<string, (string Tool, object Arguments)> Call { get; set; } = text =>
        ("ask_image", new { image = text.Contains("image-1", StringComparison.Ordinal) ? "image-1" : text.Split('|')[0], question = text.Split('|')[^1].Split('\n')[^1].Trim() });

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

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task CompleteAsync(HttpContext context)
    {
        using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body);
        JsonElement request = document.RootElement.Clone();
        Requests.Enqueue(request);
        JsonElement last = request.GetProperty("messages").EnumerateArray().Last();
        JsonObject message = last.GetProperty("role").GetString() == "tool" ? Say(Text(last)) : CallTool(request, Text(last));
        string reason = message.ContainsKey("tool_calls") ? "tool_calls" : "stop";
        if (request.TryGetProperty("stream", out JsonElement stream) && stream.GetBoolean())
        {
            context.Response.ContentType = "text/event-stream";
            await WriteAsync(Envelope("chat.completion.chunk", new JsonObject { ["index"] = 0, ["delta"] = message, ["finish_reason"] = null }).ToJsonString());
            await WriteAsync(Envelope("chat.completion.chunk", new JsonObject { ["index"] = 0, ["delta"] = new JsonObject(), ["finish_reason"] = reason }).ToJsonString());
            await WriteAsync("[DONE]");
            return;
        }
        await context.Response.WriteAsJsonAsync(Envelope("chat.completion", new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = reason }));

        Task WriteAsync(string data) => context.Response.WriteAsync($"data: {data}\n\n", Encoding.UTF8);
    }

    private static JsonObject Say(string toolResult)
    {
        string text = toolResult;
        try
        {
            JsonNode? result = JsonNode.Parse(toolResult);
            // A tool's result can come wrapped as a text block, as MCP clients pass it on.
            if (result?["content"]?[0]?["text"] is { } inner)
                result = JsonNode.Parse(inner.GetValue<string>());
            text = result?["answer"]?.GetValue<string>() ?? result?["error"]?["code"]?.GetValue<string>() ?? toolResult;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Said as it is.
        }
        return new JsonObject { ["role"] = "assistant", ["content"] = text };
    }

    private JsonObject CallTool(JsonElement request, string text)
    {
        (string tool, object arguments) = Call(text);
        string name = request.GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("function").GetProperty("name").GetString()!).Single(n => n == tool || n == "blip-" + tool || n == "blip_" + tool);
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
        return content.ValueKind == JsonValueKind.String ? content.GetString()!
            : string.Join('\n', content.EnumerateArray().Where(p => p.GetProperty("type").GetString() == "text").Select(p => p.GetProperty("text").GetString()));
    }
}
