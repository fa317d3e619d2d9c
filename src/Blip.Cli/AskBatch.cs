using System.Runtime.CompilerServices;
using System.Text.Json;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary>
/// Answers questions from JSON lines. The answers come in the order of the lines, each as early as that order allows. A line that fails
/// gets a line with <c>error</c>.
/// </summary>
internal static class AskBatch
{
    /// <summary>Answers all lines.</summary>
    /// <returns>Whether every line was answered.</returns>
    public static async Task<bool> RunAsync(
        BlipModel model, StreamReader lines, string folder, ImageReader reader, AskOptions options, CancellationToken cancellationToken)
    {
        using JsonLines output = new();
        bool all = true;
        IAsyncEnumerable<AskItem> items = ReadAsync(lines, folder, reader, cancellationToken);
        await foreach (AskOutcome outcome in model.AskEachAsync(items, new AskEachOptions { Ask = options }, cancellationToken))
        {
            output.Write(writer => Write(writer, outcome));
            all &= outcome.IsAnswered;
        }
        return all;
    }

    private static void Write(Utf8JsonWriter writer, AskOutcome outcome)
    {
        Request request = (Request)outcome.Item.Key!;
        if (outcome.IsAnswered)
        {
            AnswerJson.Write(writer, outcome.Answers[0].Answer!, request.Question!, request.Image, request.Id);
            return;
        }
        BlipException error = outcome.Error ?? outcome.Answers[0].Error!;
        AnswerJson.WriteError(writer, error.Code, error.Message, request.Question, request.Image, request.Id);
    }

    private static async IAsyncEnumerable<AskItem> ReadAsync(
        StreamReader lines, string folder, ImageReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await InputLines.NextAsync(lines, cancellationToken) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            Request request = Read(line);
            yield return new AskItem(async token => await OpenAsync(request, folder, reader, token), [request.Question ?? ""], request);
        }
    }

    /// <summary>Reads a line. If the line is wrong, the result has the error and what could be read.</summary>
    private static Request Read(string line)
    {
        Request request = new(null, null, null, null);
        try
        {
            JsonElement root = Parse(line);
            request = request with { Id = root.TryGetProperty("id", out JsonElement given) ? given : null };
            request = request with { Image = Text(root, "image") };
            request = request with { Question = Text(root, "question") };
            return request.Image is not null && request.Question is not null
                ? request
                : throw new BlipException(BlipErrorCode.InvalidRequest, "The line needs an image and a question, both as strings.");
        }
        catch (BlipException exception)
        {
            return request with { Error = exception };
        }
    }

    private static async Task<BlipImage> OpenAsync(Request request, string folder, ImageReader reader, CancellationToken cancellationToken)
    {
        if (request.Error is not null)
            throw request.Error;
        string image = request.Image!;
        return await reader.ReadAsync(ImageReader.IsFile(image) ? Path.Combine(folder, image) : image, cancellationToken);
    }

    private static JsonElement Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // The error below is for every line that is not an object.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not a JSON object with image and question.");
    }

    private static string? Text(JsonElement request, string name)
    {
        try
        {
            return request.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (InvalidOperationException)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"The line's {name} is not valid Unicode.");
        }
    }

    private sealed record Request(JsonElement? Id, string? Image, string? Question, BlipException? Error);
}
