using System.Buffers;
using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Blip.Hosting.Receiving;
using Blip.Mcp;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>Reads request bodies within a limit and writes JSON.</summary>
internal static class Bodies
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    // Letters beyond ASCII stay readable, as on the command line.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Gets the media type of the body; <see langword="null"/> if the request names none.</summary>
    /// <exception cref="BlipException">
    /// <see cref="HttpErrorCode.UnsupportedMediaType"/>: the media type cannot be read, or the text encoding is not UTF-8.
    /// </exception>
    public static MediaTypeHeaderValue? MediaType(HttpRequest request)
    {
        if (string.IsNullOrEmpty(request.ContentType))
            return null;
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            throw new BlipException(
                HttpErrorCode.UnsupportedMediaType,
                "The Content-Type cannot be read. Send application/json, multipart/form-data, or an image with its own type.");
        }
        if (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            throw new BlipException(HttpErrorCode.UnsupportedMediaType, "The encoding of the text is not supported. Send UTF-8.");
        return type;
    }

    /// <exception cref="BlipException"><see cref="HttpErrorCode.UnsupportedMediaType"/>: the body is not JSON in UTF-8.</exception>
    public static void RequireJson(HttpRequest request)
    {
        if (MediaType(request) is not { } type
            || !type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            throw new BlipException(HttpErrorCode.UnsupportedMediaType, "The Content-Type is not application/json. Send JSON.");
    }

    /// <summary>Reads the whole body, which is there until the request ends.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">The largest size, in bytes.</param>
    /// <param name="tooLarge">The failure if the body is larger.</param>
    /// <param name="follow">Is called with all that has come so far, and may refuse it.</param>
    public static Task<Memory<byte>> ReadAsync(HttpRequest request, int limit, Failure tooLarge, Action<Memory<byte>>? follow = null) =>
        request.ContentLength > limit
            ? throw new FailureException(tooLarge)
            : RequestBody.Current.ReadAsync(
                request.Body, request.ContentLength, limit, tooLarge, request.HttpContext.RequestAborted, follow);

    /// <summary>
    /// Reads a JSON body, and takes the images out of it. In their place stand names that <see cref="RequestBody"/> knows.
    /// </summary>
    public static async Task<byte[]> ReadTextAsync(HttpRequest request, int limit)
    {
        BodyText text = new();
        Memory<byte> body = await ReadAsync(request, limit, Failure.RequestTooLarge(limit), read => text.Follow(read.Span))
            .ConfigureAwait(false);
        return text.Extract(body, RequestBody.Current.Take);
    }

    /// <summary>Reads the body as a JSON object, as <see cref="ReadTextAsync"/> does. The caller disposes the document.</summary>
    public static async Task<JsonDocument> ReadObjectAsync(HttpRequest request, int limit)
    {
        ReadOnlyMemory<byte> body = await ReadTextAsync(request, limit).ConfigureAwait(false);
        if (body.Span.StartsWith("\uFEFF"u8))
            body = body[3..];
        if (!Utf8.IsValid(body.Span))
            throw new BlipException(BlipErrorCode.InvalidRequest, "The body is not valid UTF-8.");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Strict);
        }
        catch (InvalidOperationException)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, "A name in the JSON is not valid Unicode.");
        }
        // The exception does not name the position of a duplicate name.
        catch (JsonException exception) when (exception.LineNumber is null)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{NameTwice(body.Span)} appears twice in one object of the JSON.");
        }
        catch (JsonException exception)
        {
            FormattableString place = $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}";
            throw new BlipException(
                BlipErrorCode.InvalidRequest,
                $"The body is not valid JSON at {FormattableString.Invariant(place)}: broken, or nested too deep.");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        document.Dispose();
        throw new BlipException(BlipErrorCode.InvalidRequest, "The body is JSON, but not an object.");
    }

    /// <summary>Finds the first name that an object has twice.</summary>
    private static string NameTwice(ReadOnlySpan<byte> json)
    {
        Stack<HashSet<string>> objects = new();
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = Strict.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                    objects.Push([]);
                else if (reader.TokenType == JsonTokenType.EndObject)
                    objects.Pop();
                else if (reader.TokenType == JsonTokenType.PropertyName && reader.GetString() is { } name && !objects.Peek().Add(name))
                    return $"'{PlainText.Of(name)}'";
            }
        }
        catch (InvalidOperationException)
        {
            // A name before it is not valid Unicode.
        }
        return "A name";
    }

    /// <summary>Gets the text of a JSON string.</summary>
    /// <exception cref="BlipException">The value is not a string, or not valid Unicode.</exception>
    public static string Text(JsonElement value, string name)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String)
                return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // The string has half of a surrogate pair.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, $"'{name}' is not a valid string.");
    }

    public static async Task WriteJsonAsync(
        HttpContext context,
        Action<Utf8JsonWriter> write,
        int status = StatusCodes.Status200OK,
        string mediaType = MediaTypeNames.Application.Json)
    {
        ArrayBufferWriter<byte> body = new(1024);
        WriteJson(body, write);
        context.Response.StatusCode = status;
        context.Response.ContentType = mediaType;
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    public static void WriteJson(IBufferWriter<byte> body, Action<Utf8JsonWriter> write)
    {
        using Utf8JsonWriter writer = new(body, Readable);
        write(writer);
    }
}
