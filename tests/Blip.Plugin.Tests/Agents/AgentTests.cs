using Blip.AI;
using Blip.AI.Chat;
using Blip.Tests;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using ModelContextProtocol.Client;
using Xunit;
using static Blip.Plugin.Tests.Agents.ImageTasks;

namespace Blip.Plugin.Tests.Agents;

/// <summary>A text-only model answers image tasks through the real stacks and the demo model.</summary>
[Trait("Category", "Long")]
public sealed class AgentTests
{
    private static readonly IReadOnlyList<ImageTask> Tasks = ImageTasks.Take(TestScale.Of(50));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SemanticKernel_ImageAttached_AnswersEveryTask(bool streaming)
    {
        await using ScriptedModel model = await ScriptedModel.StartAsync();
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAIChatCompletion("scripted", model.Endpoint, "key").AddBlip();
        Kernel template = builder.Build();
        OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        foreach (ImageTask task in Tasks)
        {
            using BlipConversation conversation = new();
            Kernel kernel = template.Clone();
            kernel.ImportPluginFromBlip(conversation);
            ChatHistory history = [];
            ImageContent image = new(File.ReadAllBytes(task.Path), "image/jpeg");
            history.AddUserMessage([image, new Microsoft.SemanticKernel.TextContent(task.Question)]);
            history.AttachImages(conversation);
            IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
            string[] pieces = streaming
                ? await chat.GetStreamingChatMessageContentsAsync(history, settings, kernel).Select(c => c.Content ?? "").ToArrayAsync()
                : [(await chat.GetChatMessageContentAsync(history, settings, kernel)).Content!];
            Assert.Equal(task.Answer, string.Concat(pieces));
        }
        AssertNoImage(model);
    }

    [Fact]
    public async Task AgentFramework_ImageAttached_AnswersEveryTask()
    {
        await using ScriptedModel model = await ScriptedModel.StartAsync();
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        foreach (ImageTask task in Tasks)
        {
            using BlipConversation conversation = new();
            IChatClient chat = model.CreateClient().AsBuilder().UseBlip(conversation).UseFunctionInvocation().Build(services);
            ChatClientAgent agent = new(chat, "You answer questions.");
            DataContent image = new(File.ReadAllBytes(task.Path), "image/jpeg");
            ChatMessage message = new(ChatRole.User, [image, new Microsoft.Extensions.AI.TextContent(task.Question)]);
            AgentResponse response = await agent.RunAsync(message);
            Assert.Equal(task.Answer, response.Text);
        }
        AssertNoImage(model);
    }

    [Fact]
    public async Task Mcp_FilesUnderARoot_AnswersEveryTask()
    {
        await using ScriptedModel model = await ScriptedModel.StartAsync();
        await using McpClient client = await McpStdio.StartAsync(roots: [TestPaths.Golden("demo")]);
        IChatClient chat = model.CreateClient().AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [.. await client.ListToolsAsync()] };
        foreach (ImageTask task in Tasks)
            Assert.Equal(task.Answer, (await chat.GetResponseAsync($"{task.Path}|{task.Question}", options)).Text);
    }

    private static void AssertNoImage(ScriptedModel model)
    {
        Assert.NotEmpty(model.Requests);
        Assert.All(model.Requests, request => Assert.DoesNotContain("base64", request.GetRawText(), StringComparison.Ordinal));
    }
}
