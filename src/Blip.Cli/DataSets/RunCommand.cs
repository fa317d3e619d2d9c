using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Blip.Cli.Asking;
using Blip.Hub;

namespace Blip.Cli.DataSets;

/// <summary><c>blip run DATA --out OUT</c>: asks the questions of a data set and writes the answers to a file.</summary>
internal static class RunCommand
{
    private const int MostListed = 20;

    private static readonly Option<string> Out = new("--out", "-o")
    {
        Description = $"The file that gets the answers: {RunOutput.Forms}. An interrupted run continues where it stopped.",
        HelpName = "FILE",
        Required = true,
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Start from the beginning, and overwrite the file.",
    };

    public static Command Create()
    {
        Verb command = new(
            "run", "Ask the questions of a data set.",
            "blip run questions.csv --out answers.csv",
            "blip run photos --questions questions.txt --recursive --out answers.jsonl",
            "blip run v2_OpenEnded_mscoco_val2014_questions.json --images val2014 --out results.json --model Salesforce/blip-vqa-base",
            "blip run questions.csv --out int8.parquet --precision int8")
        {
            DataOptions.Data, Out, Force, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads, ModelOptions.Parallel, ModelOptions.Orient, ModelOptions.Alpha,
            ModelOptions.Resize, ModelOptions.MaxPixels, ModelOptions.MaxBytes,
        };
        foreach (Option option in DataOptions.All.Concat(AskCommand.Answering))
            command.Options.Add(option);
        DataOptions.Require(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Out) is { } file && !RunOutput.IsKnown(file))
                result.AddError($"{Out.Name} is {file}, but must end with {RunOutput.Forms}.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (AskCommand.FindAnsweringMistake(parsed) is { } mistake)
        {
            CommandLine.WriteError(mistake);
            return CommandLine.Usage;
        }
        string output = parsed.GetRequiredValue(Out);
        AskOptions options = AskCommand.Options(parsed);
        // Two places of each token's distribution tell the margin.
        if (options.Choices is null && options.Beams == 1)
            options = options with { TopLogProbabilities = 2 };
        DataSource source = DataOptions.Source(parsed);
        PartialOutput.Check(output, source.Data, source.Questions, source.Annotations);
        DataSet data = await DataSet.ReadAsync(source, cancellationToken);
        if (RunOutput.IsVqa(output))
            RequireIds(data);
        if (!parsed.GetValue(Force) && File.Exists(output) && !File.Exists(RunJournal.PathOf(output)))
            return await FindFinishedAsync(output, data, cancellationToken);
        return await RunAsync(parsed, data, options, output, cancellationToken);
    }

    /// <exception cref="BlipException">A question has no id, or that of another.</exception>
    private static void RequireIds(DataSet data)
    {
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (DataItem item in data.Items)
        {
            if (item.Id is not { } id || !ids.Add(id.Text))
            {
                throw new BlipException(BlipErrorCode.InvalidRequest, "Results of VQA v2 need an id for each question, but in "
                    + $"{data.Name} {item.Place} has {(item.Id is null ? "none" : $"{item.Id}, which another has too")}. "
                    + "Correct the column id, or write .csv or .jsonl.");
            }
        }
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, DataSet data, AskOptions options, string output, CancellationToken cancellationToken)
    {
        BlipOptions modelOptions = ModelOptions.Options(parsed);
        using RunJournal journal = RunJournal.Open(
            output, RunJournal.Describe(data, Settings(modelOptions, options)), parsed.GetValue(Force));
        int before = journal.Done, failed = 0;
        long start = Stopwatch.GetTimestamp();
        if (before > 0)
            Console.Error.WriteLine(Format($"{RunJournal.PathOf(output)} has {before} of {data.Items.Count} answers: continuing there"));
        if (before < data.Items.Count)
        {
            using ImageReader reader = new(ModelOptions.Limits(parsed));
            await using BlipModel model = await ModelOptions.LoadAsync(modelOptions, cancellationToken);
            model.Check(options);
            using AskProgress progress = new(data.Items.Count, "questions", before);
            start = Stopwatch.GetTimestamp();
            try
            {
                await foreach ((DataItem item, QuestionOutcome outcome) in DataAsking.AskAsync(
                    model, data.Items.Skip(before), reader, options, cancellationToken))
                {
                    journal.Add(RunAnswer.From(outcome, item.File));
                    failed += outcome.Answer is null ? 1 : 0;
                    progress.Report(new AskEachProgress(journal.Done, failed, Stopwatch.GetElapsedTime(start)));
                }
            }
            catch (OperationCanceledException)
            {
                progress.Stop(journal.Done, " The same command continues there.");
                throw;
            }
        }
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        await RunOutput.WriteAsync(output, data, journal.Read(), cancellationToken);
        (string Place, RunAnswer Answer)[] errors =
        [
            .. data.Items.Select(item => item.Place).Zip(journal.Read()).Where(each => each.Second.ErrorCode is not null),
        ];
        journal.Delete();
        WriteSummary(data, output, errors, data.Items.Count - before, time);
        return errors.Length == 0 ? 0 : CommandLine.Failure;
    }

    /// <summary>What answers depend on besides the data set. The device is not among it: a run may continue elsewhere.</summary>
    private static string Settings(BlipOptions model, AskOptions options) => string.Join(
        '\0', [
            model.Model, model.BaseModel ?? "", model.ImageSize?.ToString(CultureInfo.InvariantCulture) ?? "",
            model.Precision.ToString(), model.Image.ToString()!, (options with { Choices = null }).ToString(),
            .. options.Choices ?? [],
        ]);

    /// <summary>
    /// A file that has an answer to every question is a run that has ended; any other file belongs to somebody and stays.
    /// </summary>
    private static async Task<int> FindFinishedAsync(string output, DataSet data, CancellationToken cancellationToken)
    {
        if (!await HasAllAsync())
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{output} exists already, and is not a run of {data.Name}. Give another "
                + $"{Out.Name}, or {Force.Name} to overwrite it.");
        }
        // The file does not say which they are.
        Console.Error.WriteLine(Format(
            $"{output} has all {data.Items.Count} answers already (model and options are not checked); {Force.Name} asks again"));
        return 0;

        async Task<bool> HasAllAsync()
        {
            if (RunOutput.IsVqa(output))
            {
                Dictionary<string, string> answers = await VqaFiles.ReadResultsAsync(output, cancellationToken);
                return answers.Count == data.Items.Count && data.Items.All(item => answers.ContainsKey(item.Id!.Value.Text));
            }
            Table table = await Table.ReadAsync(output, cancellationToken);
            int image = table.Find("image"), question = table.Find("question"), answer = table.Find("answer");
            return image >= 0 && question >= 0 && answer >= 0 && table.Rows.Count == data.Items.Count
                && data.Items.Zip(table.Rows).All(each =>
                    each.First.Image == each.Second.Cells[image]?.Text && each.First.Question == each.Second.Cells[question]?.Text);
        }
    }

    private static void WriteSummary(
        DataSet data, string output, (string Place, RunAnswer Answer)[] errors, int asked, TimeSpan time)
    {
        // A missing image fails with the same words for each question about it.
        (string Message, int Count, string First)[] kinds =
            [.. errors.GroupBy(each => each.Answer.ErrorMessage!).Select(group => (group.Key, group.Count(), group.First().Place))];
        foreach ((string message, int count, string first) in kinds.Take(MostListed))
            CommandLine.WriteError($"{data.Name}, {first}{(count > 1 ? Format($" and {count - 1} more") : "")}: {message}");
        if (kinds.Length > MostListed)
            CommandLine.WriteError(Format($"and {kinds.Length - MostListed} other errors: see the column error of {output}."));
        string pace = asked == 0 ? "" : Format($", {Durations.Describe(time)}, {asked / time.TotalSeconds:0.0} questions/s");
        string wrong = errors.Length == 0 ? "" : Format($", {errors.Length} failed");
        string unit = data.Items.Count == 1 ? "question" : "questions";
        Console.Error.WriteLine(Format($"{output}: {data.Items.Count} {unit}{wrong}{pace}"));
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
