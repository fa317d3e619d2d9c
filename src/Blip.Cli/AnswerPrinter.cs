using System.Globalization;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary>Answers on stdout, as text or as JSON lines; failures as a JSON line there, or as a line on stderr.</summary>
internal sealed class AnswerPrinter(bool json, bool verbose, bool several) : IDisposable
{
    private readonly JsonLines? _lines = json ? new JsonLines() : null;
    private string? _lastComplaint;

    public bool AnyFailed { get; private set; }

    public void Print(string image, string question, Answer answer)
    {
        if (_lines is not null)
        {
            _lines.Write(writer => AnswerJson.Write(writer, answer, question, image));
            return;
        }
        Console.Out.WriteLine(several ? $"{image}\t{question}\t{answer.Text}" : answer.Text);
        if (!verbose)
            return;
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  confidence    {answer.Confidence:0.0000}"));
        Console.Out.WriteLine("  alternatives  " + string.Join(", ", answer.Alternatives.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a.Text} {a.Probability:0.0000}"))));
        AnswerTiming timing = answer.Timing;
        (string Name, TimeSpan? Time)[] stages =
            [("decode", timing.Decode), ("resize", timing.Resize), ("vision", timing.Vision), ("question", timing.Question), ("search", timing.Search), ("total", timing.Total)];
        Console.Out.WriteLine("  timing        " + string.Join(", ",
            stages.Where(s => s.Time is not null).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Time!.Value.TotalMilliseconds:0.0} ms"))));
    }

    public void PrintError(string image, string question, BlipException exception)
    {
        AnyFailed = true;
        if (_lines is not null)
        {
            _lines.Write(writer => AnswerJson.WriteError(writer, exception.Code, exception.Message, question, image));
            return;
        }
        string complaint = exception.Message.Contains(image, StringComparison.Ordinal) ? exception.Message : $"{image}: {exception.Message}";
        // An image that cannot be used fails every question about it: once is enough.
        if (complaint != _lastComplaint)
            CommandLine.Complain(complaint);
        _lastComplaint = complaint;
    }

    public void Dispose() => _lines?.Dispose();
}
