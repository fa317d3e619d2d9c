// An agent with Semantic Kernel: a language model that cannot see asks Blip about the image in the chat.
// dotnet run --project samples/SemanticKernelAgent -- samples/dogs.jpg "how many dogs are in the picture?"
using Blip.AI;
using Blip.Plugin;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Samples;

string? key = Environment.GetEnvironmentVariable("OPENAI_API_KEY");
using ScriptedModel? scripted = key is null ? new ScriptedModel() : null;

IKernelBuilder builder = Kernel.CreateBuilder();
builder.AddOpenAIChatCompletion("gpt-4o-mini", scripted?.Endpoint ?? new Uri("https://api.openai.com/v1"), key ?? "none");
builder.AddBlip();
Kernel kernel = builder.Build();

using BlipConversation conversation = new();
kernel.ImportPluginFromBlip(conversation);
ChatHistory chat = [];
chat.AddUserMessage([new ImageContent(File.ReadAllBytes(args[0]), "image/jpeg"), new TextContent(args[1])]);
chat.AttachImages(conversation);

OpenAIPromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
Console.WriteLine(await kernel.GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(chat, settings, kernel));
