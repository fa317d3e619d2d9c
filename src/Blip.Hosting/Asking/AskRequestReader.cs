using System.Net;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting.Asking;

/// <summary>
/// Reads an image and questions from a request. The body is multipart, JSON, or the image itself with the questions in the query.
/// Thread-safe.
/// </summary>
internal sealed class AskRequestReader(IOptions<BlipHostingOptions> options, IOptions<ImageSourceOptions> sources)
{
    private const string Multipart = "multipart/form-data", FormUrlEncoded = "application/x-www-form-urlencoded";

    /// <summary>The original's list of answers has 3,128.</summary>
    private const int MaxChoices = 4096;

    private readonly int _maxBody = options.Value.MaxRequestBytes;
    private readonly int _maxImage = sources.Value.MaxBytes;

    /// <summary>Reads the request.</summary>
    /// <exception cref="BlipException">
    /// The request cannot be read, or it has no image, more than one image, no question, or too many questions.
    /// </exception>
    public async Task<AskRequest> ReadAsync(HttpRequest request)
    {
        CheckQuery(request.QueryString);
        string[] asked = [.. request.Query["question"].Select(question => question ?? "")];
        AskRequest read = await ReadImageAsync(request, asked).ConfigureAwait(false);
        AskMembers members = new(read.Options);
        foreach ((string name, StringValues values) in request.Query.Where(part => AskMembers.Has(part.Key)))
        {
            foreach (string? value in values)
                members.Read(name, value ?? "");
        }
        read = read with { Options = members.Options };
        int count = read.Questions.Count;
        if (read.Options.Choices is { } choices && (long)choices.Count * count > MaxChoices)
        {
            throw Invalid(FormattableString.Invariant(
                $"{choices.Count} choices for {count} questions are too many for one request; {MaxChoices:N0} in all are possible."));
        }
        return count switch
        {
            0 => throw Invalid("No question is given. Send question (repeated for several)."),
            > BlipTools.MaxQuestions => throw new BlipException(
                ServiceErrorCode.TooManyQuestions,
                FormattableString.Invariant($"{count} questions were sent; at most {BlipTools.MaxQuestions} are possible at once.")),
            _ => read,
        };
    }

    /// <summary>Reads the image, and adds the questions of the body to the given ones.</summary>
    public async Task<AskRequest> ReadImageAsync(HttpRequest request, IReadOnlyList<string> questions)
    {
        MediaTypeHeaderValue? type = Bodies.MediaType(request);
        if (type is null
            || type.MediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals(MediaTypeNames.Application.Octet, StringComparison.OrdinalIgnoreCase))
        {
            Memory<byte> image = await Bodies.ReadAsync(request, _maxImage, Failure.From(TooLarge())).ConfigureAwait(false);
            return image.Length > 0
                ? new AskRequest(image, null, questions, questions.Count > 1)
                : throw Invalid("The body is empty. Send an image, multipart/form-data, or JSON with 'image' and 'question'.");
        }
        if (type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase))
            return await ReadJsonAsync(request, questions).ConfigureAwait(false);
        if (type.MediaType.Equals(Multipart, StringComparison.OrdinalIgnoreCase))
            return await ReadFormAsync(request, type, questions).ConfigureAwait(false);
        string hint = type.MediaType.Equals(FormUrlEncoded, StringComparison.OrdinalIgnoreCase)
            ? " (this is curl's default; add -H \"Content-Type: image/jpeg\")"
            : "";
        throw new BlipException(
            HttpErrorCode.UnsupportedMediaType,
            $"A body of this Content-Type is not read{hint}. Send an image with its own type, multipart/form-data, or application/json.");
    }

    private async Task<AskRequest> ReadJsonAsync(HttpRequest request, IReadOnlyList<string> asked)
    {
        using JsonDocument document = await Bodies.ReadObjectAsync(request, _maxBody).ConfigureAwait(false);
        string? image = null;
        List<string> questions = [.. asked];
        bool one = false, many = false;
        AskMembers members = new(AskOptions.Default);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            switch (property.Name)
            {
                case "image":
                    image = Bodies.Text(property.Value, "image");
                    break;
                case "question":
                    one = true;
                    questions.Add(Bodies.Text(property.Value, "question"));
                    break;
                case "questions" when property.Value.ValueKind == JsonValueKind.Array:
                    many = true;
                    foreach (JsonElement question in property.Value.EnumerateArray())
                        questions.Add(Bodies.Text(question, "questions"));
                    break;
                case "questions":
                    throw Invalid("'questions' must be an array of strings.");
                case { } name when AskMembers.Has(name):
                    members.Read(name, property.Value);
                    break;
                default:
                    throw Invalid("The JSON has an unknown member. Send 'image', and 'question' or 'questions'; "
                        + "'choices' or 'beams' say how they are answered.");
            }
        }
        if (one && many)
            throw Invalid("The JSON has both 'question' and 'questions'. Send one of them.");
        return image is null
            ? throw Invalid("No image is given. Send 'image': an address, a data URI, or the handle of an image that you sent before.")
            : new AskRequest(default, image, questions, many || questions.Count > 1) { Options = members.Options };
    }

    private async Task<AskRequest> ReadFormAsync(HttpRequest request, MediaTypeHeaderValue type, IReadOnlyList<string> asked)
    {
        MultipartForm form = new(request, type, _maxImage, Failure.From(TooLarge()));
        await form.ReadAsync().ConfigureAwait(false);
        List<string> questions = [.. asked, .. form.Questions];
        return new AskRequest(form.Image, form.Reference, questions, questions.Count > 1) { Options = form.Members.Options };
    }

    /// <summary>Refuses bytes that are not UTF-8. ASP.NET Core would give them as they are escaped, and so they would be asked.</summary>
    private static void CheckQuery(QueryString query)
    {
        foreach (QueryStringEnumerable.EncodedNameValuePair pair in new QueryStringEnumerable(query.Value))
        {
            string name = pair.DecodeName().ToString();
            if (!AskMembers.Has(name) && !name.Equals("question", StringComparison.OrdinalIgnoreCase))
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
