using System.CommandLine;
using System.Globalization;
using Blip.Hosting;
using Blip.ImageSharp;
using Blip.Search;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;

namespace Blip.Cli;

/// <summary><c>blip serve</c>: runs the service over HTTP and MCP, with a web page to try it.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    private static readonly Option<string?> Urls = new("--urls")
    {
        Description = $"The addresses to listen on, separated by semicolons. Default: {BlipServer.DefaultUrl}.",
        HelpName = "URL",
    };

    private static readonly Option<string?> ApiKey = new("--api-key")
    {
        Description = "The key that callers must send. Other users can read a command line, so Blip__ApiKey in the environment is safer.",
        HelpName = "KEY",
    };

    private static readonly Option<string?> Model = new("--model", "-m")
    {
        Description = "A folder with a checkpoint, a hub id, or demo.",
        HelpName = "DIR|ID",
    };

    private static readonly Option<DeviceChoice?> Device = DeviceChoice.CreateOption();
    private static readonly Option<bool> Metrics = new("--metrics") { Description = "Serve /metrics for Prometheus." };
    private static readonly Option<bool> Docs = new("--docs") { Description = "Serve /docs: all addresses to read and to try." };

    public static Command Create()
    {
        Verb command = new(
            Name, "Answer over HTTP: /api/ask, /api/caption, /api/match, /v1/chat/completions, /mcp, and a web page at /.",
            "blip serve",
            "blip serve --urls http://127.0.0.1:8080 --precision int8")
        {
            Urls, Model, ModelOptions.BaseModel, ModelOptions.ServiceCaptionModel, ModelOptions.ServiceMatchModel, ModelOptions.ImageSize,
            Device, ModelOptions.Precision, ModelOptions.Parallel, ApiKey, Metrics, Docs,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            // A setting that is not on the command line comes from the environment.
            List<string> settings = [];
            Add("urls", parsed.GetValue(Urls));
            Add("Blip:Model", parsed.GetValue(Model));
            Add("Blip:BaseModel", parsed.GetValue(ModelOptions.BaseModel));
            Add("Blip:CaptionModel", parsed.GetValue(ModelOptions.ServiceCaptionModel));
            Add("Blip:MatchModel", parsed.GetValue(ModelOptions.ServiceMatchModel));
            Add("Blip:ImageSize", parsed.GetValue(ModelOptions.ImageSize)?.ToString(CultureInfo.InvariantCulture));
            if (parsed.GetValue(Device) is { } device)
            {
                Add("Blip:Device", device.Device.ToString());
                Add("Blip:DeviceId", device.Id.ToString(CultureInfo.InvariantCulture));
            }
            Add("Blip:Precision", parsed.GetValue(ModelOptions.Precision));
            Add("Blip:Parallel", parsed.GetValue(ModelOptions.Parallel)?.ToString(CultureInfo.InvariantCulture));
            Add("Blip:ApiKey", parsed.GetValue(ApiKey));
            Add(PrometheusMetrics.Setting, parsed.GetValue(Metrics) ? "true" : null);
            Add(ApiReferencePage.Setting, parsed.GetValue(Docs) ? "true" : null);
            await BlipServer.RunAsync([.. settings], WriteReady, Configure, Map, cancellationToken);
            return 0;

            void Add(string name, string? value)
            {
                if (value is not null)
                    settings.Add($"--{name}={value}");
            }
        });
        return command;
    }

    private static void Configure(WebApplicationBuilder builder)
    {
        try
        {
            builder.Services.UseDecoder(builder.Configuration["Blip:Decoder"]);
        }
        catch (BlipException exception)
        {
            throw new OptionsValidationException("Blip:Decoder", typeof(string), [exception.Message]);
        }
        builder.Services.AddBlipSearch();
        PrometheusMetrics.Add(builder);
        CollectorExport.Add(builder);
    }

    private static void Map(WebApplication app)
    {
        PrometheusMetrics.Map(app);
        CollectorExport.Map(app);
        ApiReferencePage.Map(app);
    }

    private static void WriteReady(IReadOnlyCollection<string> addresses, BlipModelInfo model) =>
        Console.Error.WriteLine($"ready at {string.Join(", ", addresses)}: {ModelOptions.Describe(model)}");
}
