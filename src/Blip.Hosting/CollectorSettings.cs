using System.Globalization;
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

    private const string Timeout = "OTEL_EXPORTER_OTLP_TIMEOUT", Prefix = "OTEL_EXPORTER_OTLP_";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>What a variable's name has behind <see cref="Prefix"/>: for all signals, and for one.</summary>
    private static readonly string[] Signals = ["", "TRACES_", "METRICS_", "LOGS_"];

    /// <summary>Milliseconds and counts. The exporter throws for some that are too small, and names no variable.</summary>
    private static readonly string[] Numbers =
    [
        .. Signals.Select(signal => $"{Prefix}{signal}TIMEOUT"), "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
        .. from batch in (string[])["OTEL_BSP_", "OTEL_BLRP_"]
           from name in (string[])["SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE"]
           select batch + name,
    ];

    /// <summary>
    /// Checks the variables of <c>OTEL_EXPORTER_OTLP_</c>, <c>OTEL_BSP_</c>, <c>OTEL_BLRP_</c> and <c>OTEL_METRIC_EXPORT_</c>, and sets
    /// <c>OTEL_EXPORTER_OTLP_TIMEOUT</c> to 2,000 ms where it is not set: a collector that does not answer delays the end of the process.
    /// </summary>
    /// <param name="configuration">What the exporter reads.</param>
    /// <returns>Whether a collector is named.</returns>
    /// <exception cref="OptionsValidationException">A variable cannot be used; the message names it.</exception>
    public static bool Apply(IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration[Endpoint]))
            return false;
        // Addresses and headers are not repeated: they can have a password.
        foreach (string signal in Signals)
        {
            string endpoint = $"{Prefix}{signal}ENDPOINT", protocol = $"{Prefix}{signal}PROTOCOL", headers = $"{Prefix}{signal}HEADERS";
            if (configuration[endpoint] is { Length: > 0 } given
                && (!Uri.TryCreate(given, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https")))
                throw Wrong(endpoint, "is not an address such as http://127.0.0.1:4317");
            if (configuration[protocol] is not (null or "" or "grpc" or "http/protobuf"))
                throw Wrong(protocol, $"is {configuration[protocol]}, but must be grpc or http/protobuf");
            if (configuration[headers] is { Length: > 0 } list && !AreHeaders(list))
                throw Wrong(headers, "is not a list of headers such as name=value,name=value");
        }
        foreach (string name in Numbers)
        {
            if (configuration[name] is { Length: > 0 } text
                && !(int.TryParse(text, NumberStyles.None, Invariant, out int number) && number > 0))
                throw Wrong(name, $"is {text}, but must be a whole number above 0");
        }
        foreach (string batch in (string[])["OTEL_BSP_", "OTEL_BLRP_"])
        {
            // The specification's defaults.
            int queue = Number(batch + "MAX_QUEUE_SIZE", 2048), most = Number(batch + "MAX_EXPORT_BATCH_SIZE", 512);
            if (most > queue)
                throw Wrong(batch + "MAX_QUEUE_SIZE", FormattableString.Invariant($"is {queue}, but a batch has {most}: raise it"));
        }
        // At the end each signal waits for the collector: 10 s is the exporter's default.
        configuration[Timeout] ??= "2000";
        return true;

        int Number(string name, int other) => int.TryParse(configuration[name], Invariant, out int number) ? number : other;
    }

    /// <summary>Whether the exporter can read and send them.</summary>
    private static bool AreHeaders(string list)
    {
        using HttpRequestMessage request = new();
        return Uri.UnescapeDataString(list).Split(',').All(pair => pair.Split('=', 2) is [var name, var value]
            && request.Headers.TryAddWithoutValidation(name.Trim(), value.Trim()) && !value.AsSpan().ContainsAny('\r', '\n'));
    }

    private static OptionsValidationException Wrong(string name, string what) => new(name, typeof(string), [$"{name} {what}."]);
}
