using System.Net;
using System.Text.Json;
using Blip.Hosting.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Blip in somebody's application, which has addresses and rules of its own.</summary>
public sealed class MapBlipTests
{
    [Fact]
    public async Task Prefix_AllAddressesAreBelowIt_AndThePageWorksThere()
    {
        await using WebApplication app = await StartAsync(app => app.MapBlip("/vision").MapBlipPage());
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        using HttpResponseMessage answer = await http.PostAsync(
            new Uri("/vision/api/ask", UriKind.Relative), Service.Form(Service.Dogs, Service.HowMany));
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal("2", document.RootElement.GetProperty("answer").GetString());
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/vision/v1/models"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/vision/health/ready"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, "/api/ask"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, "/v1/models"));

        // Without the slash at its end a browser would look for the page's files in the folder above.
        using HttpResponseMessage page = await http.GetAsync(new Uri("/vision", UriKind.Relative));
        Assert.Equal("/vision/", page.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Contains("src=\"page/page.js\"", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/vision/page/page.js"));
    }

    [Fact]
    public async Task OwnHealthAndDescription_AreServedInPlaceOfBlips()
    {
        await using WebApplication app = await StartAsync(app =>
        {
            app.MapBlip();
            app.MapGet("/health", () => "mine");
            app.MapGet("/openapi/v1.json", () => "mine");
            app.MapGet("/v1/mine", () => "mine");
        });
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        foreach (string path in (string[])["/health", "/openapi/v1.json", "/v1/mine"])
            Assert.Equal("mine", await http.GetStringAsync(new Uri(path, UriKind.Relative)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/v1/models"));
    }

    [Fact]
    public async Task OwnRules_HoldForAllAddresses()
    {
        await using WebApplication app = await StartAsync(
            app =>
            {
                app.UseRateLimiter();
                app.MapBlip().RequireRateLimiting("one");
            },
            services => services.AddRateLimiter(limits => limits.AddFixedWindowLimiter(
                "one", options => (options.PermitLimit, options.Window) = (1, TimeSpan.FromHours(1)))));
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/v1/models"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(http, "/v1/models"));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using HttpResponseMessage response = await http.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> map, Action<IServiceCollection>? add = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddBlipHosting();
        add?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        map(app);
        await app.StartAsync();
        await app.Services.GetRequiredService<BlipWarmUp>().FirstTry;
        return app;
    }
}
