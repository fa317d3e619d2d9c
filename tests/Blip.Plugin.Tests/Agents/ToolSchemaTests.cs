using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blip.AI;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using ModelContextProtocol.Client;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>
/// What a language model reads of the tools in each stack, compared with files in Snapshots. For an intended change, take the file that
/// the failing test writes beside them (.received).
/// </summary>
public sealed class ToolSchemaTests
{
    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task SemanticKernel_AsSentByTheOpenAIConnector()
    {
        await using ScriptedModel model = await ScriptedModel.StartAsync();
        model.Call = _ => ("list_images", new { });
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion("scripted", model.Endpoint, "key").AddBlip();
        Kernel kernel = builder.Build();
        kernel.ImportPluginFromBlip();
        OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync("what is there?", settings, kernel);
        Check("semantic-kernel.json", JsonNode.Parse(model.Requests.First().GetProperty("tools").GetRawText())!);
    }

    [Fact]
    public async Task ExtensionsAI_AsFunctions()
    {
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using BlipConversation conversation = new();
        JsonArray tools = [];
        foreach (AIFunction function in services.CreateBlipFunctions(conversation))
        {
            tools.Add(new JsonObject
            {
                ["name"] = function.Name,
                ["description"] = function.Description,
                ["parameters"] = JsonNode.Parse(function.JsonSchema.GetRawText()),
            });
        }
        Check("extensions-ai.json", tools);
    }

    [Fact]
    public async Task Mcp_AsListed()
    {
        await using McpClient client = await McpStdio.StartAsync(roots: []);
        JsonArray tools = [];
        foreach (McpClientTool tool in (await client.ListToolsAsync()).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            tools.Add(new JsonObject
            {
                ["name"] = tool.Name,
                ["title"] = tool.Title,
                ["description"] = tool.Description,
                ["annotations"] = JsonSerializer.SerializeToNode(tool.ProtocolTool.Annotations),
                ["inputSchema"] = JsonNode.Parse(tool.ProtocolTool.InputSchema.GetRawText()),
                ["outputSchema"] = tool.ProtocolTool.OutputSchema is { } schema ? JsonNode.Parse(schema.GetRawText()) : null,
            });
        }
        Check("mcp.json", tools);
    }

    private static void Check(string name, JsonNode actual)
    {
        string path = Path.Combine(TestPaths.Root, "tests", "Blip.Plugin.Tests", "Snapshots", name);
        string text = actual.ToJsonString(Readable) + "\n";
        if (File.Exists(path) && File.ReadAllText(path) == text)
            return;
        File.WriteAllText(path + ".received", text);
        Assert.Fail($"The schema of the tools differs from Snapshots/{name}; the new one is in Snapshots/{name}.received.");
    }
}
