using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Blip.Functions;

/// <summary>The collector that the app settings name, by OpenTelemetry's own variables. <c>blip serve</c> reads them alike.</summary>
internal static class CollectorSettings
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", Timeout = "OTEL_EXPORTER_OTLP_TIMEOUT";

    /// <summary>Whether a collector is named. Then one that does not answer may hold the end of the app for a short time only.</summary>
    /// <param name="configuration">What the exporter reads.</param>
    /// <exception cref="OptionsValidationException">What is named is no address.</exception>
    public static bool NameOne(IConfiguration configuration)
    {
        if (configuration[Endpoint] is not { Length: > 0 } endpoint)
            return false;
        // The exporter would use its default without an error. The value is not repeated: it can have a password.
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new OptionsValidationException(Endpoint, typeof(Uri), [$"{Endpoint} is not an address such as http://127.0.0.1:4317."]);
        // At the end each signal waits for the collector: 10 s is the exporter's default.
        configuration[Timeout] ??= "2000";
        return true;
    }
}
