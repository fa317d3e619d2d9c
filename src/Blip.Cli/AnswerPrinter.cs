using System.Globalization;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary>
/// Writes answers to stdout, as text or as JSON lines. A failure is a JSON line there too, or with text a line on stderr.
/// </summary>
/// <param name="json">Whether to write JSON lines.</param>
/// <param name="verbose">Whether text shows confidence, alternatives and timing.</param>
/// <param name="tabbed">Whether text names the image and the question before each answer, separated by tabs.</param>
internal sealed class AnswerPrinter(bool json, bool verbose, bool tabbed) : IDisposable
{
    private readonly JsonLines? _lines = json ? new JsonLines() : null;
    private string? _lastError;

    public bool AnyFailed { get; private set; }

    public void Print(string image, string question, Answer answer)
    {
        if (_lines is not null)
        {
            _lines.Write(writer => AnswerJson.Write(writer, answer, question, image));
            return;
        }
        Console.Out.WriteLine(tabbed ? $"{image}\t{question}\t{answer.Text}" : answer.Text);
        if (verbose)
            PrintDetails(answer);
    }

    public void PrintError(string image, string question, BlipException exception)
    {
        AnyFailed = true;
        if (_lines is not null)
        {
            _lines.Write(writer => AnswerJson.WriteError(writer, exception.Code, exception.Message, question, image));
            return;
        }
        string error = CommandLine.Describe(exception);
        if (!exception.Message.Contains(image, StringComparison.Ordinal))
            error = $"{image}: {error}";
        // An image that cannot be used gives the same error for each question about it. Once is enough.
        if (error != _lastError)
            CommandLine.WriteError(error);
        _lastError = error;
    }

    public void Dispose() => _lines?.Dispose();

    private static void PrintDetails(Answer answer)
    {
        Line($"  confidence    {answer.Confidence:0.0000}");
        Line($"  alternatives  {string.Join(", ", answer.Alternatives.Select(a => Format($"{a.Text} {a.Probability:0.0000}")))}");
        AnswerTiming timing = answer.Timing;
        (string Name, TimeSpan? Time)[] stages =
        [
            ("decode", timing.Decode), ("resize", timing.Resize), ("vision", timing.Vision),
            ("question", timing.Question), ("search", timing.Search), ("total", timing.Total),
        ];
        IEnumerable<string> times = stages.Where(s => s.Time is not null)
            .Select(s => Format($"{s.Name} {s.Time!.Value.TotalMilliseconds:0.0} ms"));
        Line($"  timing        {string.Join(", ", times)}");

        static void Line(FormattableString text) => Console.Out.WriteLine(Format(text));

        static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
