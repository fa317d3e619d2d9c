using System.Globalization;
using Blip.Cli.Terminals;

namespace Blip.Cli.Asking;

/// <summary>
/// Answers as text: one alone as it is; several with image and question before each, in columns on a terminal and with tabs elsewhere.
/// A failure is a line on stderr.
/// </summary>
internal sealed class TextAnswers : AnswerPrinter
{
    private const int LeastAnswer = 10, Gap = 2;

    /// <summary>In place of an answer that is withheld.</summary>
    private const string NotSure = "(not sure)";

    private readonly bool _verbose, _alone, _aligned;
    private readonly int _imageColumns, _questionColumns;
    private string? _lastError;

    public TextAnswers(IReadOnlyList<string> images, IReadOnlyList<string> questions, bool verbose)
    {
        _verbose = verbose;
        _alone = images.Count * questions.Count == 1;
        _aligned = Terminal.IsOutput && !_alone;
        if (!_aligned)
            return;
        // One question need not be repeated, nor one image.
        int room = Math.Max(Terminal.OutputWidth - LeastAnswer - (2 * Gap), LeastAnswer);
        _questionColumns = questions.Count == 1 ? 0 : Math.Min(Widest(questions), images.Count == 1 ? room : room / 2);
        _imageColumns = images.Count == 1 ? 0 : Math.Min(Widest(images), room - _questionColumns);
    }

    protected override void Write(string image, string question, Answer answer)
    {
        string text = answer.IsLowConfidence ? NotSure : Terminal.Clean(answer.Text);
        if (_aligned)
            Console.Out.WriteLine(Column(image, _imageColumns, keepEnd: true) + Column(question, _questionColumns) + Terminal.Bold(text));
        else
            Console.Out.WriteLine(_alone ? text : $"{Terminal.Clean(image)}\t{Terminal.Clean(question)}\t{text}");
        if (_verbose)
            WriteDetails(answer);
        else if (!answer.IsLowConfidence && answer.Sequences.Count > 1)
            Line($"  {Others(answer.Alternatives.Skip(1))}");
        OutputPipe.ThrowIfClosed();
    }

    protected override void WriteError(string image, string question, BlipException error)
    {
        string message = CommandLine.Describe(error, image);
        // An image that cannot be used gives the same error for each question about it. Once is enough.
        if (message != _lastError)
            CommandLine.WriteError(message);
        _lastError = message;
    }

    private static int Widest(IEnumerable<string> texts) => texts.Max(text => Terminal.Cells(Terminal.Clean(text)));

    private static string Column(string text, int columns, bool keepEnd = false) =>
        columns == 0 ? "" : Terminal.Fit(Terminal.Clean(text), columns, keepEnd) + new string(' ', Gap);

    private static void WriteDetails(Answer answer)
    {
        Line($"  confidence    {answer.Confidence:0.0000}{(answer.IsCalibrated ? ", calibrated" : "")}");
        if (!answer.IsLowConfidence)
            Line($"  alternatives  {Others(answer.Alternatives)}");
        AnswerTiming timing = answer.Timing;
        (string Name, TimeSpan? Time)[] stages =
        [
            ("decode", timing.Decode), ("resize", timing.Resize), ("vision", timing.Vision),
            ("question", timing.Question), ("search", timing.Search), ("total", timing.Total),
        ];
        IEnumerable<string> times = stages.Where(s => s.Time is not null)
            .Select(s => Format($"{s.Name} {s.Time!.Value.TotalMilliseconds:0.0} ms"));
        Line($"  timing        {string.Join(", ", times)}");
    }

    private static string Others(IEnumerable<AnswerAlternative> alternatives) =>
        string.Join(", ", alternatives.Select(a => Format($"{a.Text} {a.Probability:0.0000}")));

    private static void Line(FormattableString text) => Console.Out.WriteLine(Terminal.Clean(Format(text)));

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
