// An agent for images. With an image and a question: dotnet run -- dogs.jpg "how many dogs are in the picture?"
// The key of OpenAI is in OPENAI_API_KEY. Without it a scripted model replaces the language model; the answer is still Blip's.
using Samples;

string? key = Environment.GetEnvironmentVariable("OPENAI_API_KEY");
if (string.IsNullOrEmpty(key))
    Console.Error.WriteLine("OPENAI_API_KEY is not set: a scripted model replaces the language model.");

string image = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "dogs.jpg");
if (!File.Exists(image))
{
    Console.Error.WriteLine($"There is no file {image}. Give an image and a question.");
    return 1;
}
string question = args.Length > 1 ? args[1] : "how many dogs are in the picture?";
await using ImageAgent agent = new(key);
Console.WriteLine(await agent.AskAsync(image, question));
return 0;
