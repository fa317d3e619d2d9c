using System.Runtime.CompilerServices;
using System.Text.Json;
using Blip.Hosting;
using Blip.Hosting.Asking;

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
        BlipModel model, StreamReader lines, string folder, ImageReader reader, AskOptions options, bool frames,
        CancellationToken cancellationToken)
    {
        using JsonLines output = new();
        bool all = true;
        IAsyncEnumerable<AskItem> items = ReadAsync(lines, folder, reader, options, frames, cancellationToken);
        await foreach (AskOutcome outcome in model.AskEachAsync(items, new AskEachOptions { Ask = options }, cancellationToken))
        {
            Write(output, outcome);
            all &= outcome.IsAnswered;
        }
        return all;
    }

    /// <summary>Writes a line for each question.</summary>
    private static void Write(JsonLines output, AskOutcome outcome)
    {
        Request request = (Request)outcome.Item.Key!;
        if (outcome.Error is { } failed)
        {
            foreach (string? question in request.Questions is [] ? (string?[])[null] : request.Questions)
                output.Write(writer => AnswerJson.WriteError(writer, failed.Code, failed.Message, question, request.Image, request.Id));
            return;
        }
        foreach (QuestionOutcome each in outcome.Answers)
        {
            output.Write(writer =>
            {
                if (each.Answer is { } answer)
                    AnswerJson.Write(writer, answer, each.Question, request.Image, request.Id);
                else
                    AnswerJson.WriteError(writer, each.Error!.Code, each.Error.Message, each.Question, request.Image, request.Id);
            });
        }
    }

    private static async IAsyncEnumerable<AskItem> ReadAsync(
        StreamReader lines, string folder, ImageReader reader, AskOptions options, bool frames,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int number = 1; await InputLines.NextAsync(lines, cancellationToken) is { } line; number++)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            Request request = Read(line, number, options, frames);
            yield return new AskItem(async token => await OpenAsync(request, folder, reader, token), request.Questions, request)
            {
                Options = request.Options,
            };
        }
    }

    /// <summary>Reads a line. If the line is wrong, the result has the error and what could be read.</summary>
    private static Request Read(string line, int number, AskOptions options, bool frames)
    {
        Request request = new(null, null, [], options, frames, null);
        try
        {
            JsonElement root = Parse(line);
            request = request with { Id = root.TryGetProperty("id", out JsonElement given) ? given : null };
            request = request with { Image = Text(root, "image") };
            request = request with { Questions = ReadQuestions(root) };
            request = request with { Options = ReadOptions(root, options) };
            request = request with { Frames = ReadFrames(root) ?? frames };
            return request.Image is not null && request.Questions.Length > 0
                ? request
                : throw Wrong("needs an image and a question, both as strings");
        }
        catch (BlipException exception)
        {
            return request with { Error = new BlipException(exception.Code, $"Line {number} {exception.Message}", exception) };
        }
        catch (InvalidOperationException exception)
        {
            return request with
            {
                Error = new BlipException(
                    BlipErrorCode.InvalidRequest, $"Line {number} has a name that is not valid Unicode.", exception),
            };
        }
    }

    /// <summary>The line's question, or its list of questions.</summary>
    private static string[] ReadQuestions(JsonElement root)
    {
        bool one = root.TryGetProperty("question", out JsonElement question), many = root.TryGetProperty("questions", out JsonElement list);
        if (one && many)
            throw Wrong("has question and questions. Leave one out");
        if (one && question.ValueKind == JsonValueKind.Array)
            throw Wrong("has a list as question. Call it questions");
        if (!many)
            return Text(root, "question") is { } single ? [single] : [];
        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(each => each.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(each => String(each, "questions"))]
            : throw Wrong("has questions that are not a list of strings");
    }

    private static AskOptions ReadOptions(JsonElement root, AskOptions options)
    {
        AskMembers members = new(options);
        try
        {
            foreach (JsonProperty member in root.EnumerateObject().Where(member => AskMembers.Has(member.Name)))
                members.Read(member.Name, member.Value);
        }
        catch (BlipException exception)
        {
            throw new BlipException(exception.Code, $"has a mistake: {exception.Message}", exception);
        }
        return members.Options;
    }

    private static bool? ReadFrames(JsonElement root) =>
        !root.TryGetProperty("frames", out JsonElement frames) || frames.ValueKind == JsonValueKind.Null ? null
        : frames.ValueKind is JsonValueKind.True or JsonValueKind.False ? frames.GetBoolean()
        : throw Wrong("has frames that is neither true nor false");

    private static async Task<BlipImage> OpenAsync(Request request, string folder, ImageReader reader, CancellationToken cancellationToken)
    {
        if (request.Error is not null)
            throw request.Error;
        string image = request.Image!;
        BlipImage read = await reader.ReadAsync(ImageReader.IsFile(image) ? Path.Combine(folder, image) : image, cancellationToken);
        return request.Frames ? BlipImage.FromFrames([read]) : read;
    }

    private static JsonElement Parse(string line)
    {
        if (!InputLines.IsUtf8(line))
            throw Wrong("is not text in UTF-8");
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document.RootElement.EnumerateObject().CountBy(member => member.Name).FirstOrDefault(name => name.Value > 1).Key
                    is { } twice ? throw Wrong($"has \"{twice}\" more than once") : document.RootElement.Clone();
            }
        }
        catch (JsonException)
        {
            // The error below is for every line that is not an object.
        }
        throw Wrong("is not a JSON object with image and question");
    }

    private static string? Text(JsonElement request, string name) =>
        request.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? String(value, name) : null;

    private static string String(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong($"has {name} that is not valid Unicode");
        }
    }

    /// <summary>What is wrong with a line; its number comes before that.</summary>
    private static BlipException Wrong(string what) => new(BlipErrorCode.InvalidRequest, what + ".");

    private sealed record Request(
        JsonElement? Id, string? Image, string[] Questions, AskOptions Options, bool Frames, BlipException? Error);
}
