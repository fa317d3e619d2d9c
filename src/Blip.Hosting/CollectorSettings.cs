using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// The collector that OpenTelemetry's own variables name. The exporter takes its defaults in place of what it cannot read, without a
/// word: so that is an error here.
/// </summary>
public static class CollectorSettings
{
    /// <summary>The variable that names the collector.</summary>
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string Timeout = "OTEL_EXPORTER_OTLP_TIMEOUT";

    private static readonly string[] Protocols =
    [
        "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    ];

    /// <summary>Whether a collector is named. One that does not answer may then hold the end of the process only shortly.</summary>
    /// <param name="configuration">What the exporter reads.</param>
    /// <exception cref="OptionsValidationException">What is named is no address, or the protocol is not known.</exception>
    public static bool NameOne(IConfiguration configuration)
    {
        if (configuration[Endpoint] is not { Length: > 0 } endpoint)
            return false;
        // The value is not repeated: it can have a password.
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw Wrong(Endpoint, "is not an address such as http://127.0.0.1:4317");
        foreach (string protocol in Protocols)
        {
            if (configuration[protocol] is not (null or "" or "grpc" or "http/protobuf"))
                throw Wrong(protocol, $"is {configuration[protocol]}, but must be grpc or http/protobuf");
        }
        // At the end each signal waits for the collector: 10 s is the exporter's default.
        configuration[Timeout] ??= "2000";
        return true;
    }

    private static OptionsValidationException Wrong(string name, string what) => new(name, typeof(string), [$"{name} {what}."]);
}
