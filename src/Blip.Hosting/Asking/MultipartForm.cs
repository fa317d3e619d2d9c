using System.Text;
using System.Text.Unicode;
using Blip.AI;
using Blip.Hosting.Receiving;
using Blip.Mcp;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting.Asking;

/// <summary>
/// Reads the parts <c>image</c> and the fields of a multipart body. An image goes to where it stays, and a text that is too long is refused
/// before the rest has come. For one request.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="type">Its media type, with the boundary.</param>
/// <param name="fields">What may stand beside images.</param>
/// <param name="maxImage">The largest image, in bytes.</param>
/// <param name="maxImages">The most bytes of all images.</param>
/// <param name="tooLarge">The failure if the image is larger.</param>
internal sealed class MultipartForm(
    HttpRequest request, MediaTypeHeaderValue type, RequestFields fields, int maxImage, int maxImages, Failure tooLarge)
{
    private const int MaxParts = 64, MaxTextBytes = 64 * 1024, MaxBoundary = 128;

    private const string NoFileName = "The part 'image' has an image, but no file name. Send it as a file: filename=\"image.png\".";

    private readonly byte[] _text = new byte[MaxTextBytes + 1];

    private readonly List<SentImage> _images = [];
    private long _imageBytes;

    /// <exception cref="BlipException">The body is broken, or has no image, several, or a part that is not known.</exception>
    /// <exception cref="FailureException">The image is too large, or there is no room for it.</exception>
    public async Task<IReadOnlyList<SentImage>> ReadAsync()
    {
        try
        {
            await ReadPartsAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException
            or IOException and not (BadHttpRequestException or ConnectionResetException))
        {
            throw Invalid("The multipart body is broken or incomplete, or a part of it is too large.");
        }
        if (_images.Count > 1 && !fields.Frames)
            throw Invalid($"More than one part 'image' is given, where one image is meant. {fields.Expected}");
        return _images.Count > 0 ? _images : throw Invalid("No image is given. Send the part 'image'.");
    }

    private async Task ReadPartsAsync()
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > MaxBoundary)
            throw Invalid("The Content-Type has no boundary, or one that is too long.");
        MultipartReader reader = new(boundary, request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 };
        CancellationToken cancellationToken = request.HttpContext.RequestAborted;
        for (int parts = 1; await reader.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false) is { } section; parts++)
        {
            if (parts > MaxParts)
                throw Invalid(FormattableString.Invariant($"The form has more than {MaxParts} parts. Send JSON, which may have more."));
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? disposition))
                throw Invalid("A part of the form has no Content-Disposition that can be read.");
            string name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
            bool isFile = disposition.FileName.HasValue || disposition.FileNameStar.HasValue;
            await (name switch
            {
                "image" => ReadImageAsync(section.Body, isFile, cancellationToken),
                _ when fields.Has(name) && isFile => throw Invalid($"The part '{name}' is a file. Send it as text."),
                _ when fields.Has(name) => ReadFieldAsync(name, section.Body, cancellationToken),
                _ => throw Invalid(
                    $"The form has an unknown part '{PlainText.Of(name)}'. 'image' is a file, or an address or handle as text. "
                    + fields.Expected),
            }).ConfigureAwait(false);
        }
    }

    private async Task ReadImageAsync(Stream part, bool isFile, CancellationToken cancellationToken)
    {
        if (_images.Count == BlipTools.MaxQuestions)
            throw Invalid(FormattableString.Invariant($"More than {BlipTools.MaxQuestions} images are given. Send fewer."));
        if (!isFile)
        {
            // Without a file name a part is text, and the bytes of an image are none.
            int length = await ReadTextAsync(part, cancellationToken).ConfigureAwait(false);
            string? text = length <= MaxTextBytes ? TextOf(length) : null;
            _images.Add(
                new SentImage(default, text is null || text.Contains('\0', StringComparison.Ordinal) ? throw Invalid(NoFileName) : text));
            return;
        }
        Memory<byte> image = await RequestBody.Current.ReadAsync(part, request.ContentLength, maxImage, tooLarge, cancellationToken)
            .ConfigureAwait(false);
        if (image.IsEmpty)
            throw Invalid("The image has no bytes. Send it again.");
        if ((_imageBytes += image.Length) > Math.Max(maxImage, maxImages))
            throw new FailureException(Failure.RequestTooLarge(maxImages));
        _images.Add(new SentImage(image));
    }

    private async Task ReadFieldAsync(string name, Stream part, CancellationToken cancellationToken)
    {
        int length = await ReadTextAsync(part, cancellationToken).ConfigureAwait(false);
        if (length > MaxTextBytes && name == "question")
        {
            throw new BlipException(
                BlipErrorCode.QuestionTooLong,
                FormattableString.Invariant($"A question has more than the {MaxTextBytes:N0} bytes allowed. Ask a shorter one."));
        }
        if (length > MaxTextBytes)
            throw Invalid($"A part '{name}' is too long.");
        fields.Read(name, TextOf(length) ?? throw Invalid($"A part '{name}' is not valid UTF-8."));
    }

    /// <returns>The number of bytes in <see cref="_text"/>. Of a text that is too long no more is read.</returns>
    private ValueTask<int> ReadTextAsync(Stream part, CancellationToken cancellationToken) =>
        part.ReadAtLeastAsync(_text, _text.Length, throwOnEndOfStream: false, cancellationToken);

    private string? TextOf(int length) =>
        Utf8.IsValid(_text.AsSpan(0, length)) ? Encoding.UTF8.GetString(_text, 0, length) : null;

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
