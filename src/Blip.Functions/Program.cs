using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Blip.Functions;
using Blip.Hosting;
using Blip.ImageSharp;
using Blip.Telemetry;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;

FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
// Around all that the next line adds.
builder.UseMiddleware<LeavingCallers>();
builder.ConfigureFunctionsWebApplication();
builder.Services.AddSingleton<IStartupFilter, LateCalls>();
AnswersContainer.Check(builder.Configuration);

// The platform's proxy reads an answer only when it has sent the whole body, which has at most 100 MiB.
builder.Services.Configure<BlipHostingOptions>(options =>
    (options.MaxRefusedBytes, options.RefusedBodyTimeout) = (100 << 20, TimeSpan.FromMinutes(4)));
// The platform checks keys and host names, so by default Blip allows every host.
builder.Services.AddBlipHosting(options =>
    options.AllowedHosts = options.AllowedHosts is { Count: > 0 } hosts ? hosts : [BlipHostingOptions.AnyHost]);
builder.Services.UseDecoder(builder.Configuration["Blip:Decoder"]);
builder.Services.AddSingleton<SharedEndpoints>();
builder.Services.AddSingleton<AppStorage>();
builder.Services.AddSingleton<IFunctionMetadataTransformer, BacklogSwitch>();
// Each endpoint sets its own limit. The server's default is smaller, so it is removed.
builder.Services.Configure<KestrelServerOptions>(options => options.Limits.MaxRequestBodySize = null);

IOpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
    .WithTracing(tracing => tracing.AddSource(BlipTelemetry.SourceName))
    .WithMetrics(metrics => metrics.AddMeter(BlipTelemetry.MeterName));
telemetry.UseFunctionsWorkerDefaults();
// Any collector, the Aspire dashboard for example. OpenTelemetry's own variables say the rest.
if (CollectorSettings.Apply(builder.Configuration))
    telemetry.UseOtlpExporter();
// Telemetry needs no key: the app's identity has the right to send it.
if (!string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))
    telemetry.UseAzureMonitorExporter(options => options.Credential = new DefaultAzureCredential());

await builder.Build().RunAsync();
