using System.Net;
using Blip.AI;
using Blip.Hosting.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>Runs the whole service on Kestrel, as <c>blip serve</c> does.</summary>
public static class BlipServer
{
    /// <summary>The default address. Other machines cannot reach it.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Runs the service until <paramref name="stop"/>, then finishes the requests that have already begun.</summary>
    /// <param name="arguments">
    /// Settings in the form of a command line of ASP.NET Core: <c>--urls=...</c>, <c>--Blip:Model=...</c>. They take precedence over the
    /// environment.
    /// </param>
    /// <param name="ready">Is called with the addresses and the model when the model has answered for the first time.</param>
    /// <param name="configure">Adds or replaces services.</param>
    /// <param name="map">Adds endpoints.</param>
    /// <param name="stop">Stops the service.</param>
    /// <exception cref="BlipException">
    /// The model cannot be loaded, or the service would have no key on an address that other machines can reach.
    /// </exception>
    /// <exception cref="OptionsValidationException">A setting cannot be read or is out of range; the message names it.</exception>
    /// <exception cref="AggregateException">Settings of several kinds are wrong.</exception>
    /// <exception cref="IOException">An address is already in use.</exception>
    public static async Task RunAsync(
        string[] arguments,
        Action<IReadOnlyCollection<string>, BlipModelInfo> ready,
        Action<WebApplicationBuilder>? configure = null,
        Action<WebApplication>? map = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(ready);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            // The exception says why the service cannot start, so these logs would repeat it.
            .AddFilter("Blip.Hosting.Health", LogLevel.None).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddBlipHosting();
        // The caller decides when to stop, so the host must not handle signals.
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMinutes(2));
        configure?.Invoke(builder);
        string urls = builder.Configuration[WebHostDefaults.ServerUrlsKey] ?? DefaultUrl;
        builder.WebHost.UseUrls(urls).ConfigureKestrel(o => o.AddServerHeader = false);

        WebApplication app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            RequireKeyBeyondThisMachine(urls, app.Services.GetRequiredService<IOptions<BlipHostingOptions>>().Value);
            app.UseExceptionHandler();
            app.UseStatusCodePages();
            app.MapBlip().MapBlipPage();
            map?.Invoke(app);
            await app.StartAsync(stop).ConfigureAwait(false);
            BlipWarmUp warmUp = app.Services.GetRequiredService<BlipWarmUp>();
            try
            {
                await warmUp.FirstTry.WaitAsync(stop).ConfigureAwait(false);
                BlipService service = app.Services.GetRequiredService<BlipService>();
                BlipModel model = await service.GetModelAsync(cancellationToken: stop).ConfigureAwait(false);
                IServer server = app.Services.GetRequiredService<IServer>();
                ready([.. server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses], model.Info);
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The caller stops the service.
            }
            finally
            {
                await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static void RequireKeyBeyondThisMachine(string urls, BlipHostingOptions options)
    {
        foreach (string url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!new HostString(Parse(url).Host).IsLoopback() && string.IsNullOrEmpty(options.ApiKey))
            {
                throw new BlipException(
                    HttpErrorCode.Unauthorized,
                    $"Other machines can reach {url}, and no key is set. Set one (--api-key, or Blip__ApiKey), or listen on 127.0.0.1.");
            }
        }
    }

    private static BindingAddress Parse(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            throw new OptionsValidationException(
                WebHostDefaults.ServerUrlsKey, typeof(string), [$"urls: '{url}' is not an address to listen on, as {DefaultUrl} is."]);
        }
    }

    private static bool IsLoopback(this HostString host) =>
        host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
