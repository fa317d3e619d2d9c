using Blip.Hosting;

namespace Blip.Cli.Asking;

/// <summary>A JSON object on a line for each answer, and for each failure.</summary>
internal sealed class JsonAnswers : AnswerPrinter
{
    private readonly JsonLines _lines = new();

    protected override void Write(string image, string question, Answer answer) =>
        _lines.Write(writer => AnswerJson.Write(writer, answer, question, image));

    protected override void WriteError(string image, string question, BlipException error) =>
        _lines.Write(writer => AnswerJson.WriteError(writer, error.Code, error.Message, question, image));

    protected override void End() => _lines.Dispose();
}
