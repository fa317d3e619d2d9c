using System.Net;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Blip.AI;
using Blip.AI.Images;
using Blip.Mcp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting.Asking;

/// <summary>
/// Reads images, and the fields beside them, from a request. The body is multipart, JSON, or the image itself; fields may stand in the
/// query too. Thread-safe.
/// </summary>
internal sealed class ImageRequestReader(IOptions<BlipHostingOptions> options, IOptions<ImageSourceOptions> sources)
{
    private const string Multipart = "multipart/form-data", FormUrlEncoded = "application/x-www-form-urlencoded";

    private readonly int _maxBody = options.Value.MaxRequestBytes;
    private readonly int _maxImage = sources.Value.MaxBytes;

    /// <summary>Reads the request.</summary>
    /// <returns>The images: one, or several that are frames.</returns>
    /// <exception cref="BlipException">
    /// The request cannot be read, has no image, has several that are not frames, or a field is wrong or missing.
    /// </exception>
    public async Task<IReadOnlyList<SentImage>> ReadAsync(HttpRequest request, RequestFields fields)
    {
        CheckQuery(request.QueryString, fields);
        foreach ((string name, StringValues values) in request.Query.Where(part => fields.Has(part.Key.ToLowerInvariant())))
        {
            foreach (string? value in values)
                fields.Read(name.ToLowerInvariant(), value ?? "");
        }
        IReadOnlyList<SentImage> images = await ReadBodyAsync(request, fields).ConfigureAwait(false);
        fields.Check();
        return images;
    }

    /// <summary>Reads the body alone.</summary>
    public async Task<IReadOnlyList<SentImage>> ReadBodyAsync(HttpRequest request, RequestFields fields)
    {
        MediaTypeHeaderValue? type = Bodies.MediaType(request);
        if (type is null
            || type.MediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals(MediaTypeNames.Application.Octet, StringComparison.OrdinalIgnoreCase))
        {
            Memory<byte> image = await Bodies.ReadAsync(request, _maxImage, Failure.From(TooLarge())).ConfigureAwait(false);
            return image.Length > 0
                ? [new SentImage(image)]
                : throw Invalid("The body is empty. Send an image, multipart/form-data, or JSON. " + fields.Expected);
        }
        if (type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            return await ReadJsonAsync(request, fields).ConfigureAwait(false);
        if (type.MediaType.Equals(Multipart, StringComparison.OrdinalIgnoreCase))
        {
            MultipartForm form = new(request, type, fields, _maxImage, _maxBody, Failure.From(TooLarge()));
            return await form.ReadAsync().ConfigureAwait(false);
        }
        string hint = type.MediaType.Equals(FormUrlEncoded, StringComparison.OrdinalIgnoreCase)
            ? " (this is curl's default; add -H \"Content-Type: image/jpeg\")"
            : "";
        throw new BlipException(
            HttpErrorCode.UnsupportedMediaType,
            $"A body of this Content-Type is not read{hint}. Send an image with its own type, multipart/form-data, or application/json.");
    }

    private async Task<IReadOnlyList<SentImage>> ReadJsonAsync(HttpRequest request, RequestFields fields)
    {
        using JsonDocument document = await Bodies.ReadObjectAsync(request, _maxBody).ConfigureAwait(false);
        List<SentImage> images = [];
        bool isList = false;
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (fields.Has(property.Name))
            {
                if (property.Value.ValueKind != JsonValueKind.Null)
                    fields.Read(property.Name, property.Value);
            }
            else if (property.Name != "image")
                throw Invalid($"The JSON has an unknown member '{PlainText.Of(property.Name)}'. {fields.Expected}");
            else if (isList = property.Value.ValueKind == JsonValueKind.Array)
                images.AddRange(property.Value.EnumerateArray().Select(image => new SentImage(default, Bodies.Text(image, "image"))));
            else
                images.Add(new SentImage(default, Bodies.Text(property.Value, "image")));
        }
        if (isList && !fields.Frames)
            throw Invalid($"'image' is a list, where one image is meant. {fields.Expected}");
        if (images.Count > BlipTools.MaxQuestions)
        {
            throw Invalid(
                FormattableString.Invariant($"'image' has {images.Count} images; at most {BlipTools.MaxQuestions} are possible."));
        }
        return images.Count > 0
            ? images
            : throw Invalid("No image is given. Send 'image': an address, a data URI, or the handle of an image that you sent before.");
    }

    /// <summary>Refuses bytes that are not UTF-8. ASP.NET Core would give them as they are escaped, and so they would be asked.</summary>
    private static void CheckQuery(QueryString query, RequestFields fields)
    {
        foreach (QueryStringEnumerable.EncodedNameValuePair pair in new QueryStringEnumerable(query.Value))
        {
            string name = pair.DecodeName().ToString();
            if (!fields.Has(name.ToLowerInvariant()))
                continue;
            byte[] escaped = Encoding.UTF8.GetBytes(pair.EncodedValue.ToString());
            if (!Utf8.IsValid(WebUtility.UrlDecodeToBytes(escaped, 0, escaped.Length)))
                throw Invalid($"'{name}' in the query is not valid UTF-8.");
        }
    }

    private BlipException TooLarge() => new(
        BlipErrorCode.ImageTooLarge,
        FormattableString.Invariant($"The image is too large: more than the {_maxImage:N0} bytes allowed. Send a smaller one."));

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
