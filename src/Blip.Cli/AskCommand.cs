using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Blip.Cli;

/// <summary><c>blip ask IMAGE... QUESTION</c>: asks questions about images and writes the answers to stdout.</summary>
internal static class AskCommand
{
    private static readonly Argument<string[]> Words = new("IMAGE... QUESTION")
    {
        Description = "The images: files, https addresses, data URIs, or - for standard input. Without -q the last word is the question.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string[]> Questions = new("--question", "-q")
    {
        Description = "A question; may be repeated. Then all words are images.",
        HelpName = "TEXT",
    };

    private static readonly Option<string?> Batch = new("--batch")
    {
        Description = "A file of JSON lines {\"id\":…,\"image\":\"path\",\"question\":\"…\"}, or - for standard input. "
            + "The answers are JSON lines in the same order.",
        HelpName = "FILE.jsonl",
    };

    private static readonly Option<int> MaxNewTokens = new("--max-new-tokens")
    {
        Description = "The largest number of tokens in an answer.",
        DefaultValueFactory = _ => AskOptions.Default.MaxNewTokens,
    };

    private static readonly Option<int> MinNewTokens = new("--min-new-tokens")
    {
        Description = "The smallest number of tokens in an answer.",
    };

    private static readonly Option<bool> Truncate = new("--truncate")
    {
        Description = "Cut a question that is too long. Without it such a question is an error.",
    };
    private static readonly Option<bool> Json = new("--json") { Description = "Write each answer as a JSON object on one line." };
    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show confidence, alternatives and timing too." };

    public static Command Create()
    {
        MaxNewTokens.Validators.Add(result => RequireAtLeast(result, 1));
        MinNewTokens.Validators.Add(result => RequireAtLeast(result, 0));
        Command command = new("ask", "Ask questions about images.")
        {
            Words, Questions, Batch, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads, MaxNewTokens, MinNewTokens, ModelOptions.CleanUp, Truncate, ModelOptions.Orient,
            ModelOptions.Alpha, ModelOptions.Resize, ModelOptions.MaxPixels, ModelOptions.MaxBytes, Json, Verbose,
        };
        command.Validators.Add(RequireQuestion);
        command.SetAction(RunAsync);
        return command;
    }

    private static void RequireAtLeast(OptionResult result, int least)
    {
        if (result.Tokens.Count > 0
            && int.TryParse(result.Tokens[^1].Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value)
            && value < least)
            result.AddError($"{result.Option.Name} is {value}, but must be at least {least}.");
    }

    private static void RequireQuestion(CommandResult result)
    {
        int words = result.GetValue(Words)?.Length ?? 0;
        bool questions = result.GetValue(Questions) is { Length: > 0 };
        if (result.GetValue(Batch) is not null)
        {
            if (words > 0 || questions)
                result.AddError("--batch reads images and questions from its file. Leave them out on the command line.");
        }
        else if (words == 0)
            result.AddError("An image and a question are missing: blip ask IMAGE... QUESTION.");
        else if (words == 1 && !questions)
            result.AddError("The question is missing: blip ask IMAGE... QUESTION.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        AskOptions options = new()
        {
            MaxNewTokens = parsed.GetValue(MaxNewTokens),
            MinNewTokens = parsed.GetValue(MinNewTokens),
            CleanUp = ModelOptions.IsCleanedUp(parsed),
            TruncateQuestion = parsed.GetValue(Truncate),
        };
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        if (parsed.GetValue(Batch) is { } batch)
        {
            using StreamReader lines = InputLines.Open(batch);
            string folder = batch == InputLines.StandardInput ? "" : Path.GetDirectoryName(Path.GetFullPath(batch)) ?? "";
            await using BlipModel batchModel = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
            return await AskBatch.RunAsync(batchModel, lines, folder, reader, options, cancellationToken) ? 0 : CommandLine.Failure;
        }

        string[] words = parsed.GetValue(Words) ?? [], questions = parsed.GetValue(Questions) ?? [];
        if (questions.Length == 0)
            (words, questions) = (words[..^1], [words[^1]]);
        await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
        using AnswerPrinter printer = new(parsed.GetValue(Json), parsed.GetValue(Verbose), tabbed: words.Length * questions.Length > 1);
        IEnumerable<AskItem> items = words.Select(word => new AskItem(
            async token => await reader.ReadAsync(word, token), questions, word));
        await foreach (AskOutcome outcome in model.AskEachAsync(items, new AskEachOptions { Ask = options }, cancellationToken))
            Print(printer, outcome);
        return printer.AnyFailed ? CommandLine.Failure : 0;
    }

    private static void Print(AnswerPrinter printer, AskOutcome outcome)
    {
        string image = (string)outcome.Item.Key!;
        if (outcome.Error is { } failed)
        {
            foreach (string question in outcome.Item.Questions)
                printer.PrintError(image, question, failed);
        }
        foreach (QuestionOutcome question in outcome.Answers)
        {
            if (question.Answer is { } answer)
                printer.Print(image, question.Question, answer);
            else
                printer.PrintError(image, question.Question, question.Error!);
        }
    }
}
