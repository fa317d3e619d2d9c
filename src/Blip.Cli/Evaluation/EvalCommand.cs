using System.CommandLine;
using System.CommandLine.Parsing;
using Blip.Cli.DataSets;

namespace Blip.Cli.Evaluation;

/// <summary><c>blip eval RUN</c>: measures how many answers of a run are right.</summary>
internal static class EvalCommand
{
    private static readonly Argument<string?> Run = new("RUN")
    {
        Description = "The output of blip run for a data set with right answers: .csv, .jsonl or .parquet.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Against = new("--against")
    {
        Description = "A second run of the same data set, for example in another precision: the answers that differ are listed.",
        HelpName = "RUN2",
    };

    private static readonly Option<string?> Questions = new("--questions")
    {
        Description = "The questions of VQA v2.", HelpName = "FILE.json",
    };

    private static readonly Option<string?> Annotations = new("--annotations")
    {
        Description = "Their annotations.", HelpName = "FILE.json",
    };

    private static readonly Option<string?> Results = new("--results") { Description = "Results of VQA v2.", HelpName = "FILE.json" };

    private static readonly Option<string?> Images = new("--images")
    {
        Description = "The folder that the images' paths are relative to, for the report. Default: the folder of RUN.",
        HelpName = "FOLDER",
    };

    private static readonly Option<string?> Model = new("--model", "-m")
    {
        Description = "The model of the run (a folder, a hub id or demo): the report then shows where it looked, for the worst answers.",
        HelpName = "DIR|ID",
    };

    private static readonly Option<string?> Html = new("--html")
    {
        Description = "Also write a report: one file for a browser, with charts and the worst answers.",
        HelpName = "FILE.html",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write the scores as a JSON object." };

    public static Command Create()
    {
        Verb command = new(
            "eval", "Measure how many answers of a run are right.",
            "blip eval answers.csv",
            "blip eval fp32.csv --against int8.csv",
            "blip eval answers.csv --html report.html --model demo",
            "blip eval --questions q.json --annotations a.json --results results.json --json")
        {
            Run, Against, Questions, Annotations, Results, Images, Html, Model, Json,
        };
        command.Validators.Add(FindMistake);
        command.SetAction(RunAsync);
        return command;
    }

    private static void FindMistake(CommandResult result)
    {
        Option<string?>[] files = [Questions, Annotations, Results];
        Option<string?>? missing = files.FirstOrDefault(file => result.GetValue(file) is null);
        bool isVqa = files.Any(file => result.GetValue(file) is not null);
        if (!isVqa && result.GetValue(Run) is null)
            result.AddError("The run is missing: blip eval RUN.");
        else if (isVqa && missing is not null)
            result.AddError($"VQA v2 needs three files: {missing.Name} is missing.");
        else if (result.GetValue(Model) is not null && result.GetValue(Html) is null)
            result.AddError($"{Model.Name} is for the report: give {Html.Name} too.");
        else if (isVqa && (result.GetValue(Run) is not null || result.GetValue(Against) is not null))
            result.AddError("Give a run, or the three files of VQA v2, not both.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? images = parsed.GetValue(Images);
        if (parsed.GetValue(Html) is { } page)
        {
            PartialOutput.Check(
                page, parsed.GetValue(Run), parsed.GetValue(Against), parsed.GetValue(Questions), parsed.GetValue(Annotations),
                parsed.GetValue(Results));
        }
        Scores scores = new(parsed.GetValue(Results) is { } results
            ? await RunFile.ReadVqaAsync(
                new DataSource(parsed.GetValue(Questions)!, null, parsed.GetValue(Annotations), images), results, cancellationToken)
            : await RunFile.ReadAsync(parsed.GetValue(Run)!, images, cancellationToken));
        Comparison? comparison = parsed.GetValue(Against) is { } against
            ? Comparison.Of(scores, new Scores(await RunFile.ReadAsync(against, images, cancellationToken)))
            : null;
        if (parsed.GetValue(Json))
        {
            using JsonLines lines = new();
            lines.Write(writer => EvalJson.Write(writer, scores, comparison));
        }
        else
            EvalText.Write(scores, comparison);
        if (parsed.GetValue(Html) is { } report)
        {
            string name = parsed.GetValue(Run) ?? parsed.GetValue(Results)!;
            // Evidence works on a CPU only.
            await using BlipModel? model = parsed.GetValue(Model) is { } given
                ? await ModelOptions.LoadAsync(new BlipOptions { Model = given, Device = BlipDevice.Cpu }, cancellationToken)
                : null;
            await HtmlReport.WriteAsync(report, name, scores, parsed.GetValue(Against), comparison, model, cancellationToken);
        }
        return 0;
    }
}
