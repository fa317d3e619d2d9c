// An agent with Microsoft Agent Framework: a language model that cannot see asks Blip about the image in the chat.
// dotnet run --project samples/AgentFrameworkAgent -- samples/dogs.jpg "how many dogs are in the picture?"
using System.ClientModel;
using Blip.AI;
using Blip.AI.Chat;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using Samples;

string? key = Environment.GetEnvironmentVariable("OPENAI_API_KEY");
using ScriptedModel? scripted = key is null ? new ScriptedModel() : null;
OpenAIClient openAI = new(new ApiKeyCredential(key ?? "none"), new OpenAIClientOptions { Endpoint = scripted?.Endpoint });

await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
using BlipConversation conversation = new();
IChatClient openAIChat = openAI.GetChatClient("gpt-4o-mini").AsIChatClient();
IChatClient chat = openAIChat.AsBuilder().UseBlip(conversation).UseFunctionInvocation().Build(services);

ChatClientAgent agent = new(chat, "You answer questions about images.");
DataContent image = new(File.ReadAllBytes(args[0]), "image/jpeg");
Console.WriteLine(await agent.RunAsync(new ChatMessage(ChatRole.User, [image, new TextContent(args[1])])));
