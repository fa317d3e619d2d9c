using System.Globalization;
using Blip.Cli.DataSets;
using Blip.Cli.Terminals;
using nietras.SeparatedValues;

namespace Blip.Cli.Asking;

/// <summary>A table with commas: a row for each answer, and for each failure, whose answer is empty. Each row is flushed.</summary>
/// <param name="hasAlternatives">Whether there is a column of other whole answers with their confidence.</param>
internal sealed class CsvAnswers(bool hasAlternatives) : AnswerPrinter
{
    private readonly SepWriter _writer = CsvTable.Write(StandardStream.Output);

    protected override void Write(string image, string question, Answer answer)
    {
        using (SepWriter.Row row = Begin(image, question))
        {
            row["answer"].Set(answer.Text);
            row["confidence"].Format(Math.Round(answer.Confidence, 4));
            if (hasAlternatives)
                row["alternatives"].Set(Others(answer));
            row["error"].Set("");
        }
        Flush();
    }

    protected override void WriteError(string image, string question, BlipException error)
    {
        using (SepWriter.Row row = Begin(image, question))
        {
            row["answer"].Set("");
            row["confidence"].Set("");
            if (hasAlternatives)
                row["alternatives"].Set("");
            row["error"].Set(CommandLine.Describe(error));
        }
        Flush();
    }

    /// <summary>The first is the answer's own.</summary>
    private static string Others(Answer answer) => string.Join("; ", answer.Alternatives.Skip(1).Select(other =>
        string.Create(CultureInfo.InvariantCulture, $"{other.Text} {other.Probability:0.0000}")));

    protected override void End() => _writer.Dispose();

    private SepWriter.Row Begin(string image, string question)
    {
        SepWriter.Row row = _writer.NewRow();
        row["image"].Set(image);
        row["question"].Set(question);
        return row;
    }

    private void Flush()
    {
        _writer.Flush();
        OutputPipe.ThrowIfClosed();
    }
}
