using System.Text;
using System.Text.Unicode;
using Blip.Hosting.Receiving;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting.Asking;

/// <summary>
/// Reads the parts <c>image</c>, <c>question</c> and those of <see cref="AskMembers"/> of a multipart body. The image goes to where it
/// stays, and a text that is too long is refused before the rest has come. For one request.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="type">Its media type, with the boundary.</param>
/// <param name="maxImage">The largest image, in bytes.</param>
/// <param name="tooLarge">The failure if the image is larger.</param>
internal sealed class MultipartForm(HttpRequest request, MediaTypeHeaderValue type, int maxImage, Failure tooLarge)
{
    private const int MaxParts = 64, MaxTextBytes = 64 * 1024, MaxBoundary = 128;

    private const string NoFileName = "The part 'image' has an image, but no file name. Send it as a file: filename=\"image.png\".";

    private readonly byte[] _text = new byte[MaxTextBytes + 1];

    /// <summary>The image, if it is a file.</summary>
    public ReadOnlyMemory<byte> Image { get; private set; }

    /// <summary>The address, data URI or handle of the image, if it is text.</summary>
    public string? Reference { get; private set; }

    public List<string> Questions { get; } = [];

    /// <summary>What the form says of how answers are found.</summary>
    public AskMembers Members { get; } = new(AskOptions.Default);

    /// <exception cref="BlipException">The body is broken, or has no image, several, or a part that is not known.</exception>
    /// <exception cref="FailureException">The image is too large, or there is no room for it.</exception>
    public async Task ReadAsync()
    {
        try
        {
            await ReadPartsAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw Invalid("The multipart body is broken or incomplete, or it has too many parts or too large ones.");
        }
        if (Reference is null && Image.IsEmpty)
            throw Invalid("No image is given. Send the part 'image'.");
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
                throw new InvalidDataException();
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? disposition))
                throw Invalid("A part of the form has no Content-Disposition that can be read.");
            string name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
            bool isFile = disposition.FileName.HasValue || disposition.FileNameStar.HasValue;
            await (name switch
            {
                "image" => ReadImageAsync(section.Body, isFile, cancellationToken),
                "question" when isFile => throw Invalid("The part 'question' is a file. Send it as text."),
                "question" => ReadQuestionAsync(section.Body, cancellationToken),
                _ when AskMembers.Has(name) && !isFile => ReadMemberAsync(name, section.Body, cancellationToken),
                _ => throw Invalid("The form has an unknown part. Send 'image' (a file, or an address or handle as text) "
                    + "and one 'question' for each question."),
            }).ConfigureAwait(false);
        }
    }

    private async Task ReadImageAsync(Stream part, bool isFile, CancellationToken cancellationToken)
    {
        if (Reference is not null || !Image.IsEmpty)
            throw Invalid("More than one image is given. Send one part 'image'.");
        if (!isFile)
        {
            // Without a file name a part is text, and the bytes of an image are none.
            int length = await ReadTextAsync(part, cancellationToken).ConfigureAwait(false);
            string? text = length <= MaxTextBytes ? TextOf(length) : null;
            Reference = text is null || text.Contains('\0', StringComparison.Ordinal) ? throw Invalid(NoFileName) : text;
            return;
        }
        Image = await RequestBody.Current.ReadAsync(part, request.ContentLength, maxImage, tooLarge, cancellationToken)
            .ConfigureAwait(false);
        if (Image.IsEmpty)
            throw Invalid("The image has no bytes. Send it again.");
    }

    private async Task ReadQuestionAsync(Stream part, CancellationToken cancellationToken)
    {
        int length = await ReadTextAsync(part, cancellationToken).ConfigureAwait(false);
        if (length > MaxTextBytes)
        {
            throw new BlipException(
                BlipErrorCode.QuestionTooLong,
                FormattableString.Invariant($"A question has more than the {MaxTextBytes:N0} bytes allowed. Ask a shorter one."));
        }
        Questions.Add(TextOf(length) ?? throw Invalid("A part 'question' is not valid UTF-8."));
    }

    private async Task ReadMemberAsync(string name, Stream part, CancellationToken cancellationToken)
    {
        int length = await ReadTextAsync(part, cancellationToken).ConfigureAwait(false);
        if (length > MaxTextBytes)
            throw Invalid($"A part '{name}' is too long.");
        Members.Read(name, TextOf(length) ?? throw Invalid($"A part '{name}' is not valid UTF-8."));
    }

    /// <returns>The number of bytes in <see cref="_text"/>. Of a text that is too long no more is read.</returns>
    private ValueTask<int> ReadTextAsync(Stream part, CancellationToken cancellationToken) =>
        part.ReadAtLeastAsync(_text, _text.Length, throwOnEndOfStream: false, cancellationToken);

    private string? TextOf(int length) =>
        Utf8.IsValid(_text.AsSpan(0, length)) ? Encoding.UTF8.GetString(_text, 0, length) : null;

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
