using System.Net.Sockets;
using Blip.AI;
using Blip.Hosting.Health;
using Blip.Hosting.Receiving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>Runs the whole service on Kestrel, as <c>blip serve</c> does.</summary>
public static class BlipServer
{
    /// <summary>The default address. Other machines cannot reach it.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>What a connection holds of a body that waits for its turn.</summary>
    private const int ConnectionBytes = 64 << 10;

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
            .AddFilter("Blip.Hosting.Health", LogLevel.None).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            // A probe that comes while the model loads is not a failure, and the warm-up says why it failed.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddBlipHosting();
        // The caller decides when to stop, so the host must not handle signals.
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMinutes(2));
        configure?.Invoke(builder);
        string? given = builder.Configuration[WebHostDefaults.ServerUrlsKey];
        string urls = string.IsNullOrWhiteSpace(given) ? DefaultUrl : given;
        ListenAddresses.Check(urls);
        CheckLogLevels(builder.Configuration.GetSection("Logging"));
        builder.Services.AddCors().AddRateLimiter(_ => { });
        builder.WebHost.UseUrls(urls).ConfigureKestrel(o =>
        {
            o.AddServerHeader = false;
            o.Limits.MaxRequestBufferSize = ConnectionBytes;
            // A question in the query that is too long is refused by Blip, which says why.
            o.Limits.MaxRequestLineSize = ConnectionBytes / 2;
        }).UseSockets(o => o.MaxReadBufferSize = ConnectionBytes);

        WebApplication app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            // The garbage collector keeps the memory of many connections. This process belongs to the service alone, so the service may
            // change that.
            app.Services.GetRequiredService<BodyMemory>().OnQuiet =
                () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            // Addresses are known when the server has bound them, and a request can come at that moment.
            bool open = false;
            app.Use((context, next) => Volatile.Read(ref open) ? next(context) : Problems.WriteAsync(context, Failure.ModelLoading));
            app.UseBlipProblems();
            BlipHostingOptions options = app.Services.GetRequiredService<IOptions<BlipHostingOptions>>().Value;
            // Before the limit: an allowed page may read its refusals, and preflights, which are answered here, do not count.
            if (options.AllowedOrigins.Count > 0)
                app.UseCors(policy => AllowOrigins(policy, options.AllowedOrigins));
            if (options.RequestsPerMinute is { } perMinute)
                RateLimits.Use(app, app.Services.GetRequiredService<HostGuard>(), perMinute);
            app.MapBlip();
            if (options.Page is not false)
                app.MapBlipPage();
            map?.Invoke(app);
            await StartAsync(app, stop).ConfigureAwait(false);
            BlipWarmUp warmUp = app.Services.GetRequiredService<BlipWarmUp>();
            try
            {
                IServer server = app.Services.GetRequiredService<IServer>();
                string[] addresses = [.. server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
                if (options.Keys.Length == 0)
                    RefuseBeyondThisMachine(addresses);
                Volatile.Write(ref open, true);
                await warmUp.FirstTry.WaitAsync(stop).ConfigureAwait(false);
                BlipService service = app.Services.GetRequiredService<BlipService>();
                BlipModel model = await service.GetModelAsync(cancellationToken: stop).ConfigureAwait(false);
                ready(addresses, model.Info);
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

    /// <summary>.NET's logging does not say where a level is that it cannot read, and has no kind of exception of its own.</summary>
    private static void CheckLogLevels(IConfigurationSection logging)
    {
        // Levels for all that is logged, and those of one provider (Logging:Console:LogLevel).
        IEnumerable<IConfigurationSection> holders = logging.GetChildren().Append(logging);
        foreach (IConfigurationSection level in holders.SelectMany(holder => holder.GetSection("LogLevel").GetChildren()))
        {
            if (string.IsNullOrEmpty(level.Value) || Enum.TryParse(level.Value, ignoreCase: true, out LogLevel _))
                continue;
            string problem = $"{level.Path} is '{level.Value}'. Write one of {string.Join(", ", Enum.GetNames<LogLevel>())}.";
            throw new OptionsValidationException(level.Path, typeof(LogLevel), [problem]);
        }
    }

    private static async Task StartAsync(WebApplication app, CancellationToken stop)
    {
        try
        {
            await app.StartAsync(stop).ConfigureAwait(false);
        }
        // Endpoints in the configuration of Kestrel: it has no kind of exception of its own for what it cannot use.
        catch (Exception exception) when (exception is SocketException || (exception is InvalidOperationException or ArgumentException
            or FormatException && app.Configuration.GetSection("Kestrel").Exists()))
        {
            throw new OptionsValidationException(
                "Kestrel", typeof(string),
                [$"The service cannot listen at {app.Configuration[WebHostDefaults.ServerUrlsKey] ?? "its address"}: {exception.Message}"]);
        }
    }

    private static void RefuseBeyondThisMachine(IEnumerable<string> addresses)
    {
        foreach (string address in addresses.Where(address => !ListenAddresses.IsOfThisMachine(address)))
        {
            throw new BlipException(
                HttpErrorCode.Unauthorized,
                $"Other machines can reach {address}, but no key is set. Set one (--api-key, or Blip__ApiKey), or listen on 127.0.0.1.");
        }
    }

    private static void AllowOrigins(CorsPolicyBuilder policy, IReadOnlyList<string> origins)
    {
        policy.AllowAnyMethod().AllowAnyHeader().WithExposedHeaders(HeaderNames.RetryAfter);
        if (origins.Contains(BlipHostingOptions.AnyHost))
            policy.AllowAnyOrigin();
        else
            policy.WithOrigins([.. origins]);
    }

    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
