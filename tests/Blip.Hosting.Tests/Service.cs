using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Blip.Hosting.Health;
using Blip.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The service on Kestrel with the demo model. The system chooses the port.</summary>
public sealed class Service : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Service(WebApplication app) => _app = app;

    public static byte[] Dogs { get; } = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    public const string HowMany = "how many dogs are in the picture?";

    /// <summary>The warnings of all services of this process.</summary>
    public static WarningLog Warnings { get; } = new();

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<Service> StartAsync(
        Action<BlipHostingOptions>? configure = null,
        Action<BlipOptions>? configureModel = null,
        Action<IServiceCollection>? services = null,
        bool warm = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Warnings);
        builder.Services.AddBlipHosting(configure, configureModel);
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.UseBlipProblems();
        app.MapBlip().MapBlipPage();
        await app.StartAsync();
        if (warm)
            await app.Services.GetRequiredService<BlipWarmUp>().FirstTry;
        Service service = new(app);
        service.Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 512 }) { BaseAddress = service.Address };
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public static HttpContent Image(byte[] bytes, string type = "image/jpeg") =>
        new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    public static HttpContent Json(string text) => new StringContent(text, Encoding.UTF8, "application/json");

    public static MultipartFormDataContent Form(byte[]? image, params string[] questions)
    {
        MultipartFormDataContent form = [];
        if (image is not null)
            form.Add(Image(image), "image", "image.jpg");
        foreach (string question in questions)
            form.Add(new StringContent(question), "question");
        return form;
    }

    public async Task<JsonElement> PostAsync(string path, HttpContent content, int status = StatusCodes.Status200OK)
    {
        using HttpResponseMessage response = await Http.PostAsync(new Uri(path, UriKind.Relative), content);
        return await ReadAsync(response, status);
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response, int status = StatusCodes.Status200OK)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Checks that a failure has the form of RFC 9457, the status and the code, and returns its detail.</summary>
    public static async Task<string> ReadProblemAsync(HttpResponseMessage response, int status, string code)
    {
        JsonElement problem = await ReadAsync(response, status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal("about:blank", problem.GetProperty("type").GetString());
        Assert.NotEmpty(problem.GetProperty("trace_id").GetString()!);
        string text = problem.GetRawText();
        Assert.DoesNotContain(TestPaths.Root, text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        return problem.GetProperty("detail").GetString()!;
    }
}

/// <summary>One service for a whole class of tests.</summary>
public sealed class SharedService : IAsyncLifetime
{
    public Service Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await Service.StartAsync();

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}
