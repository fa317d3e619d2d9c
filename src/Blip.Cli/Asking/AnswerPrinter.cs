namespace Blip.Cli.Asking;

/// <summary>The forms in which answers are written.</summary>
internal enum AnswerForm
{
    Text,
    Json,
    Csv,
}

/// <summary>Writes answers to stdout, in the order of the images and the questions. Each is written whole.</summary>
internal abstract class AnswerPrinter : IDisposable
{
    public bool AnyFailed { get; private set; }

    /// <summary>Images whose answers were written.</summary>
    public int Images { get; private set; }

    /// <param name="form">The form.</param>
    /// <param name="verbose">Whether text shows confidence, alternatives and timing.</param>
    /// <param name="images">The names of all images. Text is aligned by them.</param>
    /// <param name="questions">All questions.</param>
    /// <param name="hasAlternatives">Whether a table has a column of other whole answers.</param>
    public static AnswerPrinter Create(
        AnswerForm form, bool verbose, IReadOnlyList<string> images, IReadOnlyList<string> questions, bool hasAlternatives = false) =>
        form switch
        {
            AnswerForm.Json => new JsonAnswers(),
            AnswerForm.Csv => new CsvAnswers(hasAlternatives),
            _ => new TextAnswers(images, questions, verbose),
        };

    public void Print(AskOutcome outcome)
    {
        string image = (string)outcome.Item.Key!;
        Images++;
        AnyFailed |= !outcome.IsAnswered;
        if (outcome.Error is { } failed)
        {
            foreach (string question in outcome.Item.Questions)
                WriteError(image, question, failed);
        }
        foreach (QuestionOutcome question in outcome.Answers)
        {
            if (question.Answer is { } answer)
                Write(image, question.Question, answer);
            else
                WriteError(image, question.Question, question.Error!);
        }
    }

    public void Dispose() => End();

    protected virtual void End()
    {
    }

    protected abstract void Write(string image, string question, Answer answer);

    protected abstract void WriteError(string image, string question, BlipException error);
}
