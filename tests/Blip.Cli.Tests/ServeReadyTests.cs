using System.Net;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>
/// <c>blip serve</c> starts and answers. The other tests of it take long together, so a plain <c>dotnet test</c> has only this one.
/// </summary>
public sealed class ServeReadyTests
{
    [Fact]
    public async Task Serve_Ready_SaysWhereAndAnswers()
    {
        await using Server server = await Server.StartAsync();
        Assert.Matches(@"^ready at http://127\.0\.0\.1:\d+: model demo .*, cpu, fp32$", server.ReadyLine);
        using HttpClient http = new() { BaseAddress = server.Address };
        Assert.Contains("Ask an image", await http.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
        BlipProcess.Result health = await BlipProcess.RunAsync("health", "--url", server.Address.AbsoluteUri);
        Assert.Equal((0, "Healthy"), (health.Code, health.Out.Trim()));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
    }
}
