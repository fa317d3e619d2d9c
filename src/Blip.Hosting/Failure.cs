using System.Net;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting;

/// <summary>The failure of a request, as its caller gets it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">A code of <see cref="BlipErrorCode"/>, of <see cref="HttpErrorCode"/> or of a layer between them.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="RetryAfter">How long to wait before the next try. <see langword="null"/> if waiting does not help.</param>
internal sealed record Failure(int Status, string Code, string Message, TimeSpan? RetryAfter = null)
{
    private static readonly string[] KnownEncodings = ["gzip", "br", "deflate", "zstd"];

    /// <summary>Whether the cause is in the service, so that its operator needs a log entry.</summary>
    public bool IsServerError => Status == StatusCodes.Status500InternalServerError;

    /// <summary>The member of the request that is wrong. <see langword="null"/> if none is, or it is not known.</summary>
    public string? Parameter { get; init; }

    public static Failure From(Exception exception) => exception switch
    {
        BlipBusyException busy => new(StatusCodes.Status429TooManyRequests, busy.Code, busy.Message, busy.RetryAfter),
        BlipModelException model => ModelUnusable(model.Code),
        BlipException { Code: BlipErrorCode.DeviceUnavailable } unusable => ModelUnusable(unusable.Code),
        BlipException { Code: BlipErrorCode.PackageMissing } missing => new(
            StatusCodes.Status500InternalServerError, missing.Code, missing.Message),
        BlipException { Code: BlipErrorCode.DownloadFailed } => new(
            StatusCodes.Status503ServiceUnavailable,
            BlipErrorCode.DownloadFailed,
            "The vision model could not be downloaded yet. Ask again later.",
            TimeSpan.FromSeconds(30)),
        BlipException known => new(StatusOf(known), known.Code, known.Message),
        // Blip's own have a code. It is the host's that began a request and cannot go on, as the Functions worker's.
        TimeoutException => new(
            StatusCodes.Status429TooManyRequests,
            BlipErrorCode.Busy,
            "The service has more requests than it can start. Send the request again in a few seconds.",
            TimeSpan.FromSeconds(5)),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new(
            StatusCodes.Status413PayloadTooLarge,
            HttpErrorCode.RequestTooLarge,
            "The request body is larger than allowed. Send a smaller image."),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => new(
            StatusCodes.Status408RequestTimeout,
            BlipErrorCode.Timeout,
            "The request body came too slowly. Send it again."),
        // Kestrel tells the size of a chunk that no number can hold in this way.
        BadHttpRequestException or IOException { InnerException: OverflowException } => new(
            StatusCodes.Status400BadRequest,
            BlipErrorCode.InvalidRequest,
            "The request cannot be read, because it is broken or incomplete."),
        // Blip's readers never throw this. It comes from the MCP server, which does not say what is wrong with the JSON.
        JsonException => new(
            StatusCodes.Status400BadRequest,
            BlipErrorCode.InvalidRequest,
            "The body is not valid JSON, or not the JSON that this address reads."),
        _ => new(
            StatusCodes.Status500InternalServerError,
            BlipErrorCode.Internal,
            "The service failed. Its operator finds the reason in the log."),
    };

    public static Failure ModelLoading { get; } = new(
        StatusCodes.Status503ServiceUnavailable,
        ServiceErrorCode.ModelLoading,
        "The vision model is still being loaded. Ask again in a few seconds.",
        TimeSpan.FromSeconds(5));

    public static Failure TimedOut(TimeSpan limit) => new(
        StatusCodes.Status504GatewayTimeout,
        BlipErrorCode.Timeout,
        FormattableString.Invariant($"There was no answer within {limit.TotalSeconds:0.##} s. Ask again later, or ask less at once."));

    public static Failure RequestTooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge,
        HttpErrorCode.RequestTooLarge,
        FormattableString.Invariant($"The request body has more than the {limit:N0} bytes allowed. Send a smaller image."));

    public static Failure FramesTooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge,
        HttpErrorCode.RequestTooLarge,
        FormattableString.Invariant($"The frames have more than the {limit:N0} bytes allowed together. Name fewer, or smaller ones."));

    public static Failure TextTooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge,
        HttpErrorCode.RequestTooLarge,
        FormattableString.Invariant($"The text of the body, without its images, has more than the {limit:N0} bytes allowed. Send less."));

    public static Failure TooManyValues(int limit) => new(
        StatusCodes.Status413PayloadTooLarge,
        HttpErrorCode.RequestTooLarge,
        FormattableString.Invariant($"The JSON has more than the {limit:N0} values allowed. Send less."));

    public static Failure BodiesFull { get; } = new(
        StatusCodes.Status429TooManyRequests,
        BlipErrorCode.Busy,
        "The service has no memory for more requests at the moment. Send the request again in a few seconds.",
        TimeSpan.FromSeconds(5));

    public static Failure BodyTooSlow { get; } = new(
        StatusCodes.Status408RequestTimeout,
        BlipErrorCode.Timeout,
        "The request body came too slowly, and other requests are waiting. Send it again, or a smaller image.");

    public static Failure ForeignHost { get; } = new(
        StatusCodes.Status403Forbidden,
        ImageSourceErrorCode.HostNotAllowed,
        "Requests with that Host are not allowed here. The operator can allow it (Blip:AllowedHosts).");

    public static Failure ForeignOrigin { get; } = new(
        StatusCodes.Status403Forbidden,
        ImageSourceErrorCode.HostNotAllowed,
        "Web pages of that Origin may not use this service. The operator can allow it (Blip:AllowedOrigins).");

    public static Failure RateLimited(int perMinute, TimeSpan wait) => new(
        StatusCodes.Status429TooManyRequests,
        HttpErrorCode.RateLimited,
        FormattableString.Invariant($"A caller may send {perMinute:N0} requests a minute, and you sent more. Ask again later."),
        wait);

    /// <param name="encodings">Those of the header <c>Content-Encoding</c>. Only known names are repeated, each once.</param>
    public static Failure EncodedBody(string[] encodings)
    {
        string?[] names = [.. encodings.Select(NameOf).Distinct()];
        return new(
            StatusCodes.Status415UnsupportedMediaType,
            HttpErrorCode.UnsupportedMediaType,
            Array.Exists(names, name => name is null)
                ? "This Content-Encoding is not supported. Send the body uncompressed."
                : $"The body is compressed (Content-Encoding: {string.Join(", ", names)}), which this service does not support. "
                    + "Send it uncompressed.");

        // HTTP takes x-gzip for gzip, and does not tell small letters from capital ones.
        static string? NameOf(string encoding) => Array.Find(
            KnownEncodings,
            known => known.Equals(encoding, StringComparison.OrdinalIgnoreCase)
                || (known == "gzip" && encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>What routing refuses, before an endpoint is reached.</summary>
    public static Failure OfStatus(int status) => new(
        status,
        status switch
        {
            StatusCodes.Status415UnsupportedMediaType => HttpErrorCode.UnsupportedMediaType,
            >= StatusCodes.Status500InternalServerError => BlipErrorCode.Internal,
            _ => BlipErrorCode.InvalidRequest,
        },
        status switch
        {
            StatusCodes.Status404NotFound => "There is nothing at this address. /openapi/v1.json lists all addresses.",
            StatusCodes.Status405MethodNotAllowed => "This address does not allow that method. /openapi/v1.json lists the methods.",
            StatusCodes.Status415UnsupportedMediaType => "A body of this Content-Type is not read here. Send application/json.",
            _ => "The request cannot be answered.",
        });

    public static Failure Unauthorized { get; } = new(
        StatusCodes.Status401Unauthorized,
        HttpErrorCode.Unauthorized,
        "The key is missing or wrong. Send it as Authorization: Bearer KEY, or as x-api-key: KEY.");

    // The message of the exception names the model's files. Only the operator may see those, in the log.
    private static Failure ModelUnusable(string code) => new(
        StatusCodes.Status500InternalServerError,
        code,
        "The vision model cannot be used. The service's operator finds the reason in the log.");

    private static int StatusOf(BlipException exception) => exception.Code switch
    {
        BlipErrorCode.InvalidRequest => StatusCodes.Status400BadRequest,
        HttpErrorCode.Unauthorized => StatusCodes.Status401Unauthorized,
        ImageSourceErrorCode.HostNotAllowed or ImageSourceErrorCode.AddressNotAllowed or ImageSourceErrorCode.FileNotAllowed =>
            StatusCodes.Status403Forbidden,
        BlipErrorCode.ModelNotFound or ServiceErrorCode.ModelNotConfigured or ImageSourceErrorCode.ImageNotFound
            or BlipErrorCode.FileNotFound => StatusCodes.Status404NotFound,
        HttpErrorCode.RequestTooLarge or BlipErrorCode.ImageTooLarge => StatusCodes.Status413PayloadTooLarge,
        HttpErrorCode.UnsupportedMediaType or BlipErrorCode.UnsupportedImage => StatusCodes.Status415UnsupportedMediaType,
        BlipErrorCode.ImageCorrupt or BlipErrorCode.TooManyPixels => StatusCodes.Status422UnprocessableEntity,
        BlipErrorCode.QuestionEmpty or BlipErrorCode.QuestionTooLong or ServiceErrorCode.TooManyQuestions =>
            StatusCodes.Status422UnprocessableEntity,
        // If the remote host answered 4xx, then the address in the request is wrong. All else is an error of that host.
        ImageSourceErrorCode.ImageFetchFailed => IsClientError(exception.InnerException)
            ? StatusCodes.Status422UnprocessableEntity
            : StatusCodes.Status502BadGateway,
        BlipErrorCode.Timeout => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static bool IsClientError(Exception? exception) => exception is HttpRequestException
    {
        StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError,
    };
}
