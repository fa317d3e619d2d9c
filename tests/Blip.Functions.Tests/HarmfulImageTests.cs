using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Blip.Functions.Host;
using Blip.Tests;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>
/// Files that hold a decoder for ever, take all memory, or are read wrongly, where nothing stands before it. Every one gets its answer
/// within the request's time, the process stays healthy and small, and ends when it is told to.
/// </summary>
[Trait("Category", "Long")]
public sealed class HarmfulImageTests(PublishedApp app)
{
    private const long MaxBytes = 1_500_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("skia")]
    [InlineData("imagesharp")]
    public async Task Serve_HarmfulImages_StaysHealthyAndEnds(string decoder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGTERM is sent with kill.");
        await using ServeProcess serve = await ServeProcess.StartAsync(("Blip__Decoder", decoder));
        await AssertAnswersAsync(serve.Http, serve.Process);
        using (Process kill = Process.Start("kill", ["-TERM", $"{serve.Process.Id}"]))
            await kill.WaitForExitAsync();
        await serve.Process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, serve.Process.ExitCode);
    }

    [Theory]
    [InlineData("skia")]
    [InlineData("imagesharp")]
    public async Task App_HarmfulImages_StaysHealthyAndEnds(string decoder)
    {
        await using FunctionsHost host = await app.StartAsync(("Blip__Decoder", decoder));
        using HttpClient http = new() { BaseAddress = host.Address };
        await AppTests.ReadyAsync(http);
        await AssertAnswersAsync(http, host.Process);
        Assert.Equal(0, await host.TerminateAsync().WaitAsync(TimeSpan.FromSeconds(10)));
    }

    private static async Task AssertAnswersAsync(HttpClient http, Process process)
    {
        string[] files = Directory.GetFiles(TestPaths.Golden("images", "foreign"));
        Assert.True(files.Length >= 30);
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            (int status, JsonElement body) = await AskAsync(http, await File.ReadAllBytesAsync(file));
            string said = $"{Path.GetFileName(file)}: {status} {body}";
            Assert.True(status is 200 or 413 or 415 or 422, said);
            process.Refresh();
            // WorkingSet64 is what is left, and the peak is what the worst file took.
            Assert.True(process.PeakWorkingSet64 < MaxBytes, $"{said}: {process.PeakWorkingSet64:N0} bytes");
        }
        (int healthy, JsonElement answer) = await AskAsync(http, await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        Assert.Equal((200, "2"), (healthy, answer.GetProperty("answer").GetString()));
        using HttpResponseMessage ready = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.True(ready.IsSuccessStatusCode);
    }

    private static async Task<(int Status, JsonElement Body)> AskAsync(HttpClient http, byte[] image)
    {
        using ByteArrayContent content = new(image) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } };
        using HttpResponseMessage response = await http
            .PostAsync(new Uri("/api/ask?question=how+many+dogs+are+in+the+picture%3F", UriKind.Relative), content).WaitAsync(Limit);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
