using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// The collector that OpenTelemetry's own variables name. The exporter silently uses its defaults for what it cannot read, so that is an
/// error here.
/// </summary>
public static class CollectorSettings
{
    /// <summary>The variable that names the collector.</summary>
    internal const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string Timeout = "OTEL_EXPORTER_OTLP_TIMEOUT";

    private static readonly string[] Protocols =
    [
        "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    ];

    /// <summary>
    /// Checks the variables <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, and sets
    /// <c>OTEL_EXPORTER_OTLP_TIMEOUT</c> to 2,000 ms where it is not set: a collector that does not answer delays the end of the process.
    /// </summary>
    /// <param name="configuration">What the exporter reads.</param>
    /// <returns>Whether a collector is named.</returns>
    /// <exception cref="OptionsValidationException">The endpoint is not an address, or the protocol is not known.</exception>
    public static bool Apply(IConfiguration configuration)
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
