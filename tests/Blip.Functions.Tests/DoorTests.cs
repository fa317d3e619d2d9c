using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Blip.Functions.Host;
using Blip.Tests;
using Blip.Tests.Images;
using Microsoft.Extensions.Hosting;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>
/// The same file has the same answer at every door, with the same log-probabilities to the last bit. Those are equal only where the
/// model gets the same bytes.
/// </summary>
/// <remarks>
/// A model that has answered questions with the same opening guesses, and one that is asked often about an image projects it; both
/// change the last bits. So every door has a question with an opening of its own, and no image is kept.
/// </remarks>
[Trait("Category", "Long")]
public sealed class DoorTests(PublishedApp app)
{
    private static readonly (string Name, string Value) KeepNothing = ("Blip__ImageCacheBytes", "0");

    private static readonly Dictionary<string, string> Questions = new()
    {
        ["command"] = "what is it?",
        ["raw"] = "is there a cat?",
        ["multipart"] = "how many houses are there?",
        ["base64"] = "where is this?",
        ["handle"] = "do you see a tree?",
        ["chat"] = "are there any dogs?",
        ["tool"] = "which animal is it?",
        ["blob"] = "what color is the sky?",
    };

    [Fact]
    public async Task TurnedImages_EveryDoor_GetTheSameAnswerToTheLastBit()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient("images");
        await images.CreateAsync();
        await using ServeProcess serve = await ServeProcess.StartAsync(KeepNothing);
        await using FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", azurite.Connection), KeepNothing);
        using HttpClient functions = new() { BaseAddress = host.Address };
        await AppTests.ReadyAsync(functions);
        BlipOptions options = new() { ImageCacheBytes = 0 };
        await using BlipModel model = await BlipModel.LoadAsync(options);
        using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "doors");
        await listener.StartAsync();
        try
        {
            Dictionary<string, byte[]> files = Files();
            Dictionary<string, string> seen = [];
            foreach ((string name, byte[] file) in files)
            {
                Dictionary<string, Answer> library = [];
                foreach ((string door, string question) in Questions.Skip(1))
                    library[door] = await model.AskAsync(BlipImage.FromBytes(file), question);
                // Each run of the command has a model that has answered nothing before.
                await using (BlipModel fresh = await BlipModel.LoadAsync(options))
                    library["command"] = await fresh.AskAsync(BlipImage.FromBytes(file), Questions["command"]);
                seen[name] = Bits(library["command"]);

                List<(string Door, string Answer)> doors = [("command", await CommandAsync(name, file))];
                doors.AddRange(await OverHttpAsync(serve.Http, file));
                doors.AddRange(await OverHttpAsync(functions, file));
                Dictionary<string, string> metadata = new() { ["questions"] = $"[\"{Questions["blob"]}\"]" };
                await images.GetBlobClient(name).UploadAsync(BinaryData.FromBytes(file), new BlobUploadOptions { Metadata = metadata });
                doors.Add(("blob", await BlobAsync(azurite.Blobs.GetBlobContainerClient("answers"), name + ".json")));
                Assert.All(doors, door => Assert.Equal($"{name}: {Expected(door.Door, library)}", $"{name}: {door.Answer}"));
                // A tool's result has two decimals of the confidence.
                foreach (HttpClient http in (HttpClient[])[serve.Http, functions])
                    Assert.Equal(
                        (library["tool"].Text, Math.Round(library["tool"].Confidence, 2)), await OverMcpAsync(http.BaseAddress!, file));
            }
            // The answer tells the turns apart: the eight photos show one picture, turned in eight ways.
            Assert.Equal(8, seen.Where(s => s.Key.StartsWith("exif-", StringComparison.Ordinal)).Select(s => s.Value).Distinct().Count());
        }
        finally
        {
            await listener.StopAsync();
        }
    }

    private static Dictionary<string, byte[]> Files()
    {
        Dictionary<string, byte[]> files = [];
        for (int orientation = 1; orientation <= 8; orientation++)
            files[$"exif-{orientation}.jpg"] = Golden($"exif-{orientation}.jpg");
        files["turned.png"] = ImageBuilder.PngWith(Golden("rgb.png"), "eXIf", ImageBuilder.Exif(6, little: true));
        files["turned.webp"] = ImageBuilder.WebPWith(Golden("lossless.webp"), 481, 333, "EXIF", ImageBuilder.Exif(8, little: false));
        return files;
    }

    private static byte[] Golden(string name) => File.ReadAllBytes(TestPaths.Golden("images", "files", name));

    private static async Task<string> CommandAsync(string name, byte[] file)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("blip door ").FullName, name);
        await File.WriteAllBytesAsync(path, file);
        try
        {
            return Read(JsonDocument.Parse(await ServeProcess.RunCommandAsync("ask", path, Questions["command"], "--json")).RootElement);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    private static async Task<List<(string Door, string Answer)>> OverHttpAsync(HttpClient http, byte[] file)
    {
        string uri = "data:image/jpeg;base64," + Convert.ToBase64String(file);
        MultipartFormDataContent form = new()
        {
            { Image(file), "image", "image" }, { new StringContent(Questions["multipart"]), "question" },
        };
        string handle = (await PostAsync(http, "/api/images", Image(file))).GetProperty("handle").GetString()!;
        string chat = $$$"""
            {"logprobs":true,"messages":[{"role":"user","content":[
              {"type":"text","text":"{{{Questions["chat"]}}}"},{"type":"image_url","image_url":{"url":"{{{uri}}}"}}]}]}
            """;
        return
        [
            ("raw", Read(await PostAsync(http, "/api/ask?question=is+there+a+cat%3F", Image(file)))),
            ("multipart", Read(await PostAsync(http, "/api/ask", form))),
            ("base64", Read(await PostAsync(http, "/api/ask", Json($$"""{"image":"{{uri}}","question":"{{Questions["base64"]}}"}""")))),
            ("handle", Read(await PostAsync(http, "/api/ask", Json($$"""{"image":"{{handle}}","question":"{{Questions["handle"]}}"}""")))),
            ("chat", ReadChat(await PostAsync(http, "/v1/chat/completions", Json(chat)))),
        ];
    }

    private static async Task<(string?, double)> OverMcpAsync(Uri address, byte[] file)
    {
        await using McpClient client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = new Uri(address, "/mcp") }));
        CallToolResult result = await client.CallToolAsync("ask_image", new Dictionary<string, object?>
        {
            ["image"] = "data:image/jpeg;base64," + Convert.ToBase64String(file),
            ["question"] = Questions["tool"],
        });
        JsonElement answer = JsonElement.Parse(((TextContentBlock)result.Content.Single()).Text);
        return (answer.GetProperty("answer").GetString(), answer.GetProperty("confidence").GetDouble());
    }

    private static async Task<string> BlobAsync(BlobContainerClient answers, string name)
    {
        BlobClient document = answers.GetBlobClient(name);
        for (int attempt = 0; !await document.ExistsAsync(); attempt++)
        {
            Assert.True(attempt < 600, $"There is no {name} after 60 seconds.");
            await Task.Delay(100);
        }
        return Read(JsonDocument.Parse((await document.DownloadContentAsync()).Value.Content).RootElement);
    }

    private static string Read(JsonElement answer)
    {
        if (answer.TryGetProperty("answers", out JsonElement all))
            answer = Assert.Single(all.EnumerateArray());
        IEnumerable<float> values = answer.GetProperty("token_logprobs").EnumerateArray().Select(v => v.GetSingle());
        return Bits(answer.GetProperty("answer").GetString()!, values);
    }

    private static string ReadChat(JsonElement completion)
    {
        JsonElement choice = completion.GetProperty("choices")[0];
        IEnumerable<float> values = choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()
            .Select(token => token.GetProperty("logprob").GetSingle());
        return Bits(choice.GetProperty("message").GetProperty("content").GetString()!, values);
    }

    private static string Expected(string door, Dictionary<string, Answer> library)
    {
        Answer answer = library[door];
        // OpenAI's form has no entry for the token that ends an answer.
        return door == "chat" ? Bits(answer.Text, answer.TokenLogProbabilities.SkipLast(1)) : Bits(answer);
    }

    private static string Bits(Answer answer) => Bits(answer.Text, answer.TokenLogProbabilities);

    private static string Bits(string text, IEnumerable<float> values) => $"{text} {string.Join(' ', values.Select(Bits))}";

    private static string Bits(float value) => BitConverter.SingleToInt32Bits(value).ToString("x8", null);

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, HttpContent content)
    {
        using HttpResponseMessage response = await http.PostAsync(new Uri(path, UriKind.Relative), content);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private static ByteArrayContent Image(byte[] file) => new(file) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
