using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Blip.Calibrating;
using Blip.Cli.DataSets;

namespace Blip.Cli;

/// <summary><c>blip calibrate DATA</c>: fits a model's confidences to labelled questions.</summary>
internal static class CalibrateCommand
{
    private const double Coverage = 0.9;

    private static readonly Option<bool> Json = new("--json") { Description = "Write the result as a JSON object on one line." };

    public static Command Create()
    {
        Verb command = new(
            "calibrate", "Fit confidences to labelled questions, so that 0.8 means about 80 % right.",
            "blip calibrate questions.csv --model Salesforce/blip-vqa-capfilt-large",
            "blip calibrate questions.jsonl --precision int8")
        {
            DataOptions.Data, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads, ModelOptions.Orient, ModelOptions.Alpha, ModelOptions.Resize,
            ModelOptions.MaxPixels, ModelOptions.MaxBytes, Json,
        };
        foreach (Option option in DataOptions.All)
            command.Options.Add(option);
        DataOptions.Require(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        DataSet data = await DataSet.ReadAsync(DataOptions.Source(parsed), cancellationToken);
        DataItem[] items = [.. data.Items.Where(item => !string.IsNullOrWhiteSpace(item.Truth))];
        if (items.Length < CalibrationFit.LeastQuestions)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, FormattableString.Invariant(
                $"{data.Name} has {items.Length} questions with an answer; {CalibrationFit.LeastQuestions} are needed. ")
                + "Put the right answer in the column 'answer'.");
        }
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
        model.CalibrationFile.RequirePlace();
        CalibrationRun run = new(model, reader);
        CalibrationFigures answers = await run.FitAnswersAsync(items, cancellationToken);
        CalibrationFigures? choices = await run.FitChoicesAsync(items, cancellationToken);
        string file = model.CalibrationFile.Write(model.Info.Precision, new Calibration
        {
            Temperature = answers.Temperature,
            ChoicesTemperature = choices?.Temperature,
            Questions = answers.Judged.Count,
        });
        if (parsed.GetValue(Json))
        {
            using JsonLines lines = new();
            lines.Write(writer => Write(writer, model.Info, answers, choices, file));
            return 0;
        }
        Line($"fitted on {answers.Judged.Count} questions; judged by five folds");
        WriteText("answers", answers);
        if (choices is null)
            Line($"choices   not fitted: {run.NoChoices}");
        else
            WriteText("choices", choices);
        Line($"written   {file}");
        OutputPipe.ThrowIfClosed();
        return 0;
    }

    private static void WriteText(string name, CalibrationFigures figures) => Line(
        $"{name,-9} temperature {figures.Temperature:0.00}, calibration error {figures.Before:0.0 %} -> {figures.After:0.0 %}, "
        + $"{figures.Accuracy:0.0 %} right, {figures.AccuracyAt(Coverage):0.0 %} of the surest 90 %");

    private static void Line(FormattableString text) => Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Line(string text) => Console.Out.WriteLine(text);

    private static void Write(
        Utf8JsonWriter writer, BlipModelInfo model, CalibrationFigures answers, CalibrationFigures? choices, string file)
    {
        writer.WriteStartObject();
        writer.WriteNumber("questions", answers.Judged.Count);
        Figures("answers", answers);
        if (choices is not null)
            Figures("choices", choices);
        writer.WriteString("file", file);
        writer.WriteString("model", model.Name);
        writer.WriteString("device", model.Device);
        writer.WriteString("precision", model.Precision);
        writer.WriteEndObject();

        void Figures(string name, CalibrationFigures figures)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("temperature", figures.Temperature);
            writer.WriteNumber("ece_before", figures.Before);
            writer.WriteNumber("ece_after", figures.After);
            writer.WriteNumber("accuracy", figures.Accuracy);
            writer.WriteNumber("accuracy_at_90", figures.AccuracyAt(Coverage));
            writer.WriteEndObject();
        }
    }
}
