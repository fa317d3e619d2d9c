using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Samples;

/// <summary>
/// Replaces a language model, so that the samples run without a key: a loopback server with as much of the chat-completions protocol as
/// it takes to pass the user's question to the image tool, and the tool's answer back.
/// </summary>
internal sealed class ScriptedModel : IDisposable
{
    private readonly HttpListener _listener = new();

    public ScriptedModel()
    {
        // The listener does not take port 0, so the system is asked for a free port first.
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        int port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        Endpoint = new Uri($"http://127.0.0.1:{port}/v1");
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public Uri Endpoint { get; }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context = await _listener.GetContextAsync();
            JsonNode request = (await JsonNode.ParseAsync(context.Request.InputStream))!;
            JsonNode last = request["messages"]!.AsArray()[^1]!;
            JsonObject message = last["role"]!.GetValue<string>() == "tool" ? Say(last) : CallTool(request, last);
            context.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(context.Response.OutputStream, new JsonObject
            {
                ["id"] = "scripted",
                ["object"] = "chat.completion",
                ["created"] = 0,
                ["model"] = "scripted",
                ["choices"] = new JsonArray(new JsonObject
                {
                    ["index"] = 0,
                    ["message"] = message,
                    ["finish_reason"] = message.ContainsKey("tool_calls") ? "tool_calls" : "stop",
                }),
                ["usage"] = new JsonObject { ["prompt_tokens"] = 0, ["completion_tokens"] = 0, ["total_tokens"] = 0 },
            });
            context.Response.Close();
        }
    }

    private static JsonObject Say(JsonNode toolMessage) =>
        new() { ["role"] = "assistant", ["content"] = "I looked, and the answer is: " + JsonNode.Parse(Text(toolMessage))!["answer"] };

    private static JsonObject CallTool(JsonNode request, JsonNode userMessage)
    {
        string tool = request["tools"]!.AsArray()
            .Select(t => t!["function"]!["name"]!.GetValue<string>())
            .First(n => n.EndsWith("ask_image", StringComparison.Ordinal));
        string question = Text(userMessage).Split('\n').Last(line => !line.StartsWith('['));
        string arguments = JsonSerializer.Serialize(new { image = "image-1", question });
        JsonObject call = new()
        {
            ["id"] = "call_1",
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments },
        };
        return new JsonObject { ["role"] = "assistant", ["content"] = null, ["tool_calls"] = new JsonArray(call) };
    }

    private static string Text(JsonNode message) => message["content"] is JsonArray parts
        ? string.Join('\n', parts.Where(p => p!["type"]!.GetValue<string>() == "text").Select(p => p!["text"]!.GetValue<string>()))
        : message["content"]!.GetValue<string>();
}
