using System.Text.Json;
using System.Threading.Channels;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary>
/// Many questions from JSON lines. A window of them is under way at once, so that they share runs; answers are written in the
/// order of the lines as soon as that order allows, and what fails becomes a line of its own.
/// </summary>
internal static class AskBatch
{
    private const int Window = 32;

    private delegate void Line(Utf8JsonWriter writer);

    /// <summary>Whether every line was answered.</summary>
    public static async Task<bool> RunAsync(BlipModel model, StreamReader lines, string folder, AskOptions options, CancellationToken cancellationToken)
    {
        Channel<Task<(Line Line, bool Answered)>> underWay = Channel.CreateBounded<Task<(Line, bool)>>(new BoundedChannelOptions(Window) { SingleReader = true, SingleWriter = true });
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ImageReader reader = new();
        Task reading = ReadAsync();
        bool all = true;
        using JsonLines output = new();
        try
        {
            await foreach (Task<(Line Line, bool Answered)> next in underWay.Reader.ReadAllAsync(cancellationToken))
            {
                (Line line, bool answered) = await next;
                output.Write(writer => line(writer));
                all &= answered;
            }
        }
        finally
        {
            // A reader that has had enough, or Ctrl+C: nothing more is read or begun.
            await stop.CancelAsync();
            await reading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        await reading;
        return all;

        async Task ReadAsync()
        {
            Exception? failure = null;
            try
            {
                while (await InputLines.NextAsync(lines, stop.Token) is { } line)
                {
                    if (!string.IsNullOrWhiteSpace(line))
                        await underWay.Writer.WriteAsync(AskAsync(model, reader, line, folder, options, stop.Token), stop.Token);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                failure = exception;
            }
            underWay.Writer.Complete(failure);
        }
    }

    private static async Task<(Line Line, bool Answered)> AskAsync(BlipModel model, ImageReader reader, string line, string folder, AskOptions options, CancellationToken cancellationToken)
    {
        JsonElement? id = null;
        string? image = null, question = null;
        try
        {
            JsonElement request = Parse(line);
            id = request.TryGetProperty("id", out JsonElement given) ? given : null;
            image = Text(request, "image");
            question = Text(request, "question");
            if (image is null || question is null)
                throw new BlipException(BlipErrorCode.InvalidRequest, "The line lacks a text image or a text question.");
            string place = image == InputLines.StandardInput || image.Contains("://", StringComparison.Ordinal) || image.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? image : Path.Combine(folder, image);
            BlipImage read = await reader.ReadAsync(place, cancellationToken);
            Answer answer = await model.AskAsync(read, question, options, cancellationToken);
            return (writer => AnswerJson.Write(writer, answer, question, image, id), true);
        }
        catch (BlipException exception)
        {
            return (writer => AnswerJson.WriteError(writer, exception.Code, exception.Message, question, image, id), false);
        }
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
            // Said below, for every kind of line that is not an object.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not a JSON object with image and question.");
    }

    private static string? Text(JsonElement request, string name)
    {
        try
        {
            return request.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"The line's {name} is not valid Unicode.");
        }
    }
}
