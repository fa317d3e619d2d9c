using System.Text.Json.Nodes;
using Blip.AI;
using Blip.AI.Chat;
using Blip.AI.Images;
using Blip.Hosting;
using Blip.Plugin.Tests.Images;
using Blip.Search;
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
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>
/// A text-only model solves tasks that need describing, choosing and finding, through each stack, with the demo models. What it says at
/// the end is true of the drawings.
/// </summary>
[Trait("Category", "Long")]
public sealed class FamilyAgentTests : IDisposable
{
    private static readonly string[] Files =
        ["dogs.jpg", "street.jpg", "snow.jpg", "beach.jpg", "room.jpg", "0063.jpg", "0100.jpg", "0110.jpg", "0151.jpg", "0174.jpg"];

    // Kinds in turn, so that a part of them has each.
    private static readonly AgentTask[] All =
    [
        Describe(1, "a yellow bus, a blue car and a green bicycle"),
        Choose(0, "what is the weather like?", ["snowy", "sunny", "rainy"], "sunny"),
        Match("a yellow bus and a blue car on a street", [0, 1, 4], 1),
        Find("two rabbits and a red balloon in a room", "which color is the bird?", "blue"),
        Describe(3, "a white boat, a gray cat"),
        Choose(3, "is it day or night?", ["day", "night"], "night"),
        Match("two dogs and a tree", [1, 2, 3, 0], 3),
        Find("three pink boats on the beach at night", "what colour is the fish?", "orange"),
        Describe(2, "a red house, a person and a yellow bird"),
        Choose(2, "what color is the house?", ["blue", "green", "red", "white"], "red"),
        Match("a purple car and a gray rabbit in the snow", [2, 6], 1),
        Find("a blue airplane on the beach on a rainy day", "which color is the airplane?", "blue"),
        Describe(5, "five flowers, a red tree and a person"),
        Choose(1, "what color is the car?", ["yellow", "blue", "green"], "blue"),
        Match("five flowers and a red tree in a field at night", [5, 9, 8, 7], 0),
        Find("a purple car in the snow", "what is the purple thing?", "car"),
        Describe(8, "two gray rabbits, a red balloon and a blue bird"),
        Choose(4, "is this inside or outside?", ["inside", "outside"], "inside"),
        Find("a yellow bus on a street", "what color is the car?", "blue"),
        Find("two dogs and a tree on a sunny day", "how many dogs are in the picture?", "2"),
    ];

    private readonly TempFolder _folder = new();

    public FamilyAgentTests()
    {
        foreach (string name in Files)
        {
            string sample = TestPaths.Sample(name);
            File.Copy(File.Exists(sample) ? sample : TestPaths.Golden("demo", "pictures", name), PathOf(name));
        }
    }

    public static TheoryData<string> Stacks => ["SemanticKernel", "ChatClient", "AgentFramework", "McpStdio", "McpHttp"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Stacks))]
    public async Task Agent_DescribesChoosesAndFinds(string stack)
    {
        await using ScriptedModel model = await ScriptedModel.StartAsync();
        AgentTask[] tasks = All[..Math.Max(4, TestScale.Of(All.Length))];
        Assert.Equal(20, All.Length);
        await (stack switch
        {
            "SemanticKernel" => SemanticKernelAsync(),
            "ChatClient" => ExtensionsAsync(isAgent: false),
            "AgentFramework" => ExtensionsAsync(isAgent: true),
            "McpStdio" => McpStdioAsync(),
            _ => McpHttpAsync(),
        });
        Assert.All(model.Requests, request => Assert.DoesNotContain("base64", request.GetRawText(), StringComparison.Ordinal));

        async Task SemanticKernelAsync()
        {
            IKernelBuilder builder = Kernel.CreateBuilder();
            builder.AddOpenAIChatCompletion("scripted", model.Endpoint, "key");
            AddTo(builder.Services);
            Kernel kernel = builder.Build();
            using BlipConversation conversation = new();
            string[] handles = Attach(conversation);
            kernel.ImportPluginFromBlip(conversation);
            OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
            IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
            await SolveAsync(handles, task => handles[task.Image],
                async () => (await chat.GetChatMessageContentAsync("go", settings, kernel)).Content);
        }

        async Task ExtensionsAsync(bool isAgent)
        {
            ServiceCollection collection = new();
            AddTo(collection);
            await using ServiceProvider services = collection.BuildServiceProvider();
            using BlipConversation conversation = new();
            string[] handles = Attach(conversation);
            using IChatClient client = model.CreateClient().AsBuilder().UseBlip(conversation).UseFunctionInvocation().Build(services);
            ChatClientAgent agent = new(model.CreateClient(), "You answer.", tools: [.. services.CreateBlipFunctions(conversation)]);
            await SolveAsync(handles, task => handles[task.Image],
                async () => isAgent ? (await agent.RunAsync("go")).Text : (await client.GetResponseAsync("go")).Text);
        }

        async Task McpStdioAsync()
        {
            await using McpClient client = await McpStdio.StartAsync(roots: [], "--allow-folder", _folder.Root);
            await McpAsync(client, [.. Files.Select(PathOf)], task => Files[task.Image]);
        }

        async Task McpHttpAsync()
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            AddTo(builder.Services);
            builder.Services.AddBlipMcp();
            await using WebApplication app = builder.Build();
            app.Urls.Add("http://127.0.0.1:0");
            app.MapBlipMcp();
            await app.StartAsync();
            ImageStore store = app.Services.GetRequiredService<ImageStore>();
            string[] handles = [.. Files.Select(name => store.Add(File.ReadAllBytes(PathOf(name))).Image.Handle)];
            HttpClientTransportOptions endpoint = new() { Endpoint = new Uri(app.Urls.Single() + "/mcp") };
            await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(endpoint));
            await McpAsync(client, handles, task => $"images[{task.Place}]");
        }

        async Task McpAsync(McpClient client, string[] handles, Func<AgentTask, string> name)
        {
            ChatClientAgent agent = new(model.CreateClient(), "You answer.", tools: [.. await client.ListToolsAsync()]);
            await SolveAsync(handles, name, async () => (await agent.RunAsync("go")).Text);
        }

        // An image that is the answer has another name in each stack.
        async Task SolveAsync(string[] handles, Func<AgentTask, string> name, Func<Task<string?>> run)
        {
            foreach (AgentTask task in tasks)
            {
                model.Call = _ => (task.Tool, task.Arguments(handles));
                model.Then = result => task.Question is null ? null
                    : ("ask_image", new { image = result["matches"]![0]!["image"]!.GetValue<string>(), question = task.Question });
                Assert.StartsWith(task.Says ?? name(task), await run(), StringComparison.Ordinal);
            }
        }
    }

    private string PathOf(string name) => Path.Combine(_folder.Root, name);

    private void AddTo(IServiceCollection services) =>
        services.AddBlip().AddBlipSearch(options => options.SearchFolders = [_folder.Root]);

    private string[] Attach(BlipConversation conversation) =>
        [.. Files.Select(name => conversation.Attach(File.ReadAllBytes(PathOf(name)))!)];

    private static AgentTask Describe(int image, string start) =>
        new("describe_image", handles => new JsonObject { ["image"] = handles[image] }) { Says = start };

    private static AgentTask Choose(int image, string question, string[] choices, string best) => new("choose_answer", handles =>
        new JsonObject { ["image"] = handles[image], ["question"] = question, ["choices"] = List(choices) }) { Says = best };

    private static AgentTask Match(string text, int[] images, int place) => new("match_images", handles =>
        new JsonObject { ["images"] = List(images.Select(i => handles[i])), ["text"] = text }) { Image = images[place], Place = place };

    private static AgentTask Find(string text, string question, string answer) =>
        new("search_images", _ => new JsonObject { ["text"] = text }) { Question = question, Says = answer };

    private static JsonArray List(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    /// <summary>What the model is to do.</summary>
    /// <param name="Tool">The tool that it calls first.</param>
    /// <param name="Arguments">Its arguments, by the names of the images.</param>
    private sealed record AgentTask(string Tool, Func<string[], JsonObject> Arguments)
    {
        /// <summary>What it asks about the image that was found.</summary>
        public string? Question { get; init; }

        /// <summary>How its last word begins; null where that is the name of an image.</summary>
        public string? Says { get; init; }

        /// <summary>The image that is the answer, and its place in the call.</summary>
        public int Image { get; init; }

        public int Place { get; init; }
    }
}
