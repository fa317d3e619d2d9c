using System.Text.Json;
using System.Text.Json.Nodes;
using Blip.AI;
using Blip.AI.Chat;
using Blip.AI.Images;
using Blip.Hosting;
using Blip.Tests;
using Microsoft.Agents.AI;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>One call of <c>ask_image</c> in each stack, with any arguments. The result is what a language model reads.</summary>
internal static class StackCalls
{
    public static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    public static Dictionary<string, Func<Action<IServiceCollection>, JsonObject, Task<string>>> Stacks { get; } = new()
    {
        ["SemanticKernel"] = SemanticKernelAsync,
        ["SemanticKernelFunctions"] = SemanticKernelFunctionsAsync,
        ["ChatClient"] = ChatClientAsync,
        ["AgentFramework"] = AgentFrameworkAsync,
        ["Mcp"] = McpAsync,
        ["AgentFrameworkMcp"] = AgentFrameworkMcpAsync,
    };

    public static JsonObject Arguments(string image, string question) => new() { ["image"] = image, ["question"] = question };

    private static async Task<string> SemanticKernelAsync(Action<IServiceCollection> configure, JsonObject arguments)
    {
        await using ScriptedModel model = await StartAsync(arguments);
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion("scripted", model.Endpoint, "key");
        configure(builder.Services);
        Kernel kernel = builder.Build();
        using BlipConversation conversation = Conversation();
        kernel.ImportPluginFromBlip(conversation);
        OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync("go", settings, kernel);
        return Read(model);
    }

    private static async Task<string> SemanticKernelFunctionsAsync(Action<IServiceCollection> configure, JsonObject arguments)
    {
        await using ScriptedModel model = await StartAsync(arguments);
        await using ServiceProvider services = Build(configure);
        Kernel kernel = new(services);
        using BlipConversation conversation = Conversation();
        KernelPlugin plugin = kernel.ImportPluginFromBlip(conversation);
        using IChatClient client = model.CreateClient().AsBuilder().UseFunctionInvocation().Build();
        await client.GetResponseAsync("go", new ChatOptions { Tools = [.. plugin.AsAIFunctions(kernel)] });
        return Read(model);
    }

    private static async Task<string> ChatClientAsync(Action<IServiceCollection> configure, JsonObject arguments)
    {
        await using ScriptedModel model = await StartAsync(arguments);
        await using ServiceProvider services = Build(configure);
        using BlipConversation conversation = Conversation();
        using IChatClient client = model.CreateClient().AsBuilder().UseBlip(conversation).UseFunctionInvocation().Build(services);
        await client.GetResponseAsync("go");
        return Read(model);
    }

    private static async Task<string> AgentFrameworkAsync(Action<IServiceCollection> configure, JsonObject arguments)
    {
        await using ScriptedModel model = await StartAsync(arguments);
        await using ServiceProvider services = Build(configure);
        using BlipConversation conversation = Conversation();
        using IChatClient chat = model.CreateClient();
        ChatClientAgent agent = new(chat, "You answer.", tools: [.. services.CreateBlipFunctions(conversation)]);
        await agent.RunAsync("go");
        return Read(model);
    }

    private static Task<string> McpAsync(Action<IServiceCollection> configure, JsonObject arguments) =>
        WithMcpAsync(configure, arguments, async client =>
        {
            Dictionary<string, object?> given = arguments.ToDictionary(pair => pair.Key, object? (pair) => pair.Value);
            return Json(await client.CallToolAsync("ask_image", given)).GetRawText();
        });

    /// <summary>The agent gives its model the whole result of the call.</summary>
    private static Task<string> AgentFrameworkMcpAsync(Action<IServiceCollection> configure, JsonObject arguments) =>
        WithMcpAsync(configure, arguments, async client =>
        {
            await using ScriptedModel model = await StartAsync(arguments);
            using IChatClient chat = model.CreateClient();
            ChatClientAgent agent = new(chat, "You answer.", tools: [.. await client.ListToolsAsync()]);
            await agent.RunAsync("go");
            return Read(model);
        });

    /// <summary>The result of a call over MCP, which is one text.</summary>
    public static JsonElement Json(CallToolResult result)
    {
        Assert.Null(result.StructuredContent);
        return JsonElement.Parse(Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
    }

    private static async Task<string> WithMcpAsync(
        Action<IServiceCollection> configure, JsonObject arguments, Func<McpClient, Task<string>> call)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configure(builder.Services);
        builder.Services.AddBlipMcp();
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapBlipMcp();
        await app.StartAsync();
        string handle = app.Services.GetRequiredService<ImageStore>().Add(Dogs).Image.Handle;
        HttpClientTransportOptions endpoint = new() { Endpoint = new Uri(app.Urls.Single() + "/mcp") };
        await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(endpoint));
        // Over stateless HTTP the same image has another handle.
        if (arguments["image"] is JsonValue value && value.ToString() == "image-1")
            arguments["image"] = handle;
        return await call(client);
    }

    private static ServiceProvider Build(Action<IServiceCollection> configure)
    {
        ServiceCollection services = new();
        configure(services);
        return services.BuildServiceProvider();
    }

    private static BlipConversation Conversation()
    {
        BlipConversation conversation = new();
        conversation.Attach(Dogs);
        return conversation;
    }

    private static async Task<ScriptedModel> StartAsync(JsonObject arguments)
    {
        ScriptedModel model = await ScriptedModel.StartAsync();
        model.Call = _ => ("ask_image", arguments);
        return model;
    }

    private static string Read(ScriptedModel model)
    {
        JsonElement last = model.Requests.Last().GetProperty("messages").EnumerateArray().Last();
        Assert.Equal("tool", last.GetProperty("role").GetString());
        return last.GetProperty("content").GetString()!;
    }
}
