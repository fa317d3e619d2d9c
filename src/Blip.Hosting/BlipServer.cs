using Blip.AI;
using Blip.Hosting.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>The whole service on Kestrel, as <c>blip serve</c> runs it.</summary>
public static class BlipServer
{
    /// <summary>Where it listens unless told otherwise: this machine alone.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Serves until it is told to stop, then finishes what is under way.</summary>
    /// <param name="arguments">Settings as ASP.NET Core reads them from a command line, above the environment's: <c>--urls=...</c>, <c>--Blip:Model=...</c></param>
    /// <param name="ready">Told once the model has answered: the addresses, and what runs.</param>
    /// <param name="configureServices">Adds to the services, or replaces.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="BlipException">The model cannot be loaded, or nobody would be asked for a key on an address that others reach.</exception>
    /// <exception cref="IOException">An address is taken.</exception>
    public static async Task RunAsync(
        string[] arguments, Action<IReadOnlyCollection<string>, BlipModelInfo> ready, Action<IServiceCollection>? configureServices = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(ready);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            // What keeps it from starting is told by the exception.
            .AddFilter("Blip.Hosting.Health", LogLevel.None).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddBlipHosting();
        // The caller decides when to stop: no signal handlers of the host's own.
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMinutes(2));
        bool measured = builder.Configuration.GetValue<bool>("Blip:Metrics");
        if (measured)
            builder.Services.AddBlipPrometheus();
        configureServices?.Invoke(builder.Services);
        string urls = builder.Configuration[WebHostDefaults.ServerUrlsKey] ?? DefaultUrl;
        builder.WebHost.UseUrls(urls).ConfigureKestrel(o => o.AddServerHeader = false);

        WebApplication app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            RequireKeyBeyondThisMachine(urls, app.Services.GetRequiredService<IOptions<BlipHostingOptions>>().Value);
            app.UseExceptionHandler();
            app.UseStatusCodePages();
            app.MapBlip().MapBlipPage();
            if (measured)
                app.MapBlipPrometheus();
            await app.StartAsync(stop).ConfigureAwait(false);
            BlipWarmUp warmUp = app.Services.GetRequiredService<BlipWarmUp>();
            try
            {
                await warmUp.FirstTry.WaitAsync(stop).ConfigureAwait(false);
                BlipModel model = await app.Services.GetRequiredService<BlipService>().GetModelAsync(cancellationToken: stop).ConfigureAwait(false);
                ready([.. app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses], model.Info);
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Told to stop.
            }
            finally
            {
                await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static void RequireKeyBeyondThisMachine(string urls, BlipHostingOptions options)
    {
        if (!string.IsNullOrEmpty(options.ApiKey))
            return;
        foreach (string url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!new HostString(BindingAddress.Parse(url).Host).IsLoopback())
                throw new BlipException(HttpErrorCode.Unauthorized, $"{url} can be reached from other machines, and no key is set. Set one (--api-key, or Blip__ApiKey), or listen on 127.0.0.1.");
        }
    }

    private static bool IsLoopback(this HostString host) =>
        host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (System.Net.IPAddress.TryParse(host.Host, out System.Net.IPAddress? address) && System.Net.IPAddress.IsLoopback(address));

    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
