using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text.Json;
using Blip.Functions.Host;
using Blip.Tests;
using ModelContextProtocol.Client;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>
/// The app as <c>dotnet build</c> leaves it. The other tests of the app need it published, which takes long, so a plain
/// <c>dotnet test</c> has only this one.
/// </summary>
public sealed class BuiltAppTests
{
    private static string Folder { get; } =
        typeof(BuiltAppTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipFunctions").Value!;

    [Fact]
    public async Task BuiltApp_OverHttpAndMcp_Answers()
    {
        await using FunctionsHost host = await FunctionsHost.StartAsync(Folder, PublishedApp.Settings());
        using HttpClient http = new() { BaseAddress = host.Address };
        await AppTests.ReadyAsync(http);
        using ByteArrayContent image = new(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        image.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        using HttpResponseMessage answered = await http.PostAsync(
            new Uri("/api/ask?question=how+many+dogs+are+in+the+picture%3F", UriKind.Relative), image);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Equal("2", JsonElement.Parse(await answered.Content.ReadAsStringAsync()).GetProperty("answer").GetString());
        await using McpClient client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = new Uri(host.Address, "/mcp") }));
        Assert.Equal(6, (await client.ListToolsAsync()).Count);
        Assert.Empty(host.FailedCalls);
    }
}
