using System.CommandLine;
using System.CommandLine.Parsing;
using Blip.Cli.Asking;

namespace Blip.Cli;

/// <summary><c>blip ask IMAGE... QUESTION</c>: asks questions about images and writes the answers to stdout.</summary>
internal static class AskCommand
{
    /// <summary>Whether folders stand for what is in their subfolders too.</summary>
    public static Option<bool> Recursive { get; } = new("--recursive", "-r")
    {
        Description = "Include the images in subfolders.",
    };

    private static readonly Argument<string[]> Words = new("IMAGE... QUESTION")
    {
        Description = "The images: files, folders, patterns such as 'photos/*.jpg', https addresses, data URIs, or - for standard input. "
            + "Without -q the last word is the question.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string[]> Questions = new("--question", "-q")
    {
        Description = "A question; may be repeated. Then all words are images.",
        HelpName = "TEXT",
    };

    private static readonly Option<string?> Batch = new("--batch")
    {
        Description = "A file of JSON lines {\"id\":…,\"image\":\"path\",\"question\":\"…\"}, or - for standard input; "
            + "\"questions\" is a list. The answers are JSON lines in the same order.",
        HelpName = "FILE.jsonl",
    };

    private static readonly Option<int> MaxNewTokens = NumberOption.Create(
        "--max-new-tokens", "The largest number of tokens in an answer.", least: 1, standard: AskOptions.Default.MaxNewTokens);

    private static readonly Option<int> MinNewTokens = NumberOption.Create(
        "--min-new-tokens", "The smallest number of tokens in an answer.", least: 0);

    private static readonly Option<bool> Frames = new("--frames")
    {
        Description = "Take all images, or the frames of an animated image, as one image: at most 16, evenly distributed.",
    };

    private static readonly Option<bool> Truncate = new("--truncate")
    {
        Description = "Cut a question that is too long. Without it such a question is an error.",
    };

    private static readonly Option<string?> Explain = new("--explain")
    {
        Description = "Write the image with a veil that is thin where the question looked. With --json the answer has it as a grid too.",
        HelpName = "FILE.png",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write each answer as a JSON object on one line." };
    private static readonly Option<bool> Csv = new("--csv")
    {
        Description = "Write a table: image,question,answer,confidence,error; with choices or beams also alternatives.",
    };
    private static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show also confidence, alternatives, timing." };

    /// <summary>The options that say how a question is answered.</summary>
    public static IReadOnlyList<Option> Answering { get; } =
        [MaxNewTokens, MinNewTokens, ModelOptions.CleanUp, Truncate, .. SearchOptions.All];

    public static Command Create()
    {
        Verb command = new(
            "ask", "Ask questions about images.",
            "blip ask dogs.jpg \"how many dogs are there?\"",
            "blip ask dogs.jpg -q \"how many dogs are there?\" -q \"is there a cat?\"",
            "blip ask photos --recursive \"is there a dog?\" --csv > dogs.csv",
            "blip ask dogs.jpg \"what is the weather like?\" --choices sunny,cloudy,rainy -v",
            "blip ask dogs.jpg \"what is there?\" --beams 3 --best 3 --json",
            "blip ask dogs.jpg \"what color is the tree?\" --explain looked.png",
            "blip ask clip.gif \"what happens?\" --frames",
            "cat dogs.jpg | blip ask - \"is there a cat?\" --json",
            "blip ask photo.jpg \"what is on the table?\" --model Salesforce/blip-vqa-capfilt-large")
        {
            Words, Questions, Recursive, Frames, Batch, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize,
            ModelOptions.Device, ModelOptions.Precision, ModelOptions.Threads, ModelOptions.Parallel, ModelOptions.Orient,
            ModelOptions.Alpha, ModelOptions.Resize, ModelOptions.MaxPixels, ModelOptions.MaxBytes,
            SearchOptions.MinConfidence, Explain, Json, Csv, Verbose,
        };
        foreach (Option option in Answering)
            command.Options.Add(option);
        command.Validators.Add(RequireQuestion);
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>Says what is wrong with <see cref="Answering"/> together; <see langword="null"/> where nothing is.</summary>
    public static string? FindAnsweringMistake(ParseResult parsed) =>
        SearchOptions.FindMistake(parsed) ?? FindLengthMistake(parsed, MinNewTokens, MaxNewTokens);

    /// <summary>Says that an answer would have to be longer than it may be; <see langword="null"/> where nothing is wrong.</summary>
    public static string? FindLengthMistake(ParseResult parsed, Option<int> min, Option<int> max)
    {
        int least = parsed.GetValue(min), most = parsed.GetValue(max);
        return least > most ? $"{min.Name} is {least}, but {max.Name} is {most}. It cannot be more." : null;
    }

    /// <summary>How questions are answered, as the user gave it.</summary>
    /// <exception cref="BlipException">The file with choices cannot be read.</exception>
    public static AskOptions Options(ParseResult parsed) => SearchOptions.Apply(parsed, new AskOptions
    {
        MaxNewTokens = parsed.GetValue(MaxNewTokens),
        MinNewTokens = parsed.GetValue(MinNewTokens),
        CleanUp = ModelOptions.IsCleanedUp(parsed),
        TruncateQuestion = parsed.GetValue(Truncate),
        NamesMembers = true,
    });

    private static void RequireQuestion(CommandResult result)
    {
        string[] words = result.GetValue(Words) ?? [], questions = result.GetValue(Questions) ?? [];
        if (FindMistake(result, words, questions) is { } mistake)
            result.AddError(mistake);
    }

    private static string? FindMistake(CommandResult result, string[] words, string[] questions)
    {
        if (result.GetResult(Json) is not null && result.GetResult(Csv) is not null)
            return "Give --json or --csv, not both.";
        if (result.GetResult(Batch) is not null)
        {
            if (words.Length > 0 || questions.Length > 0)
                return "--batch reads images and questions from its file. Leave them out on the command line.";
            if (result.GetResult(Explain) is not null)
                return "--explain writes one image. With --batch give \"explain\": true in a line, for a grid.";
            return result.GetResult(Csv) is not null ? "--batch answers with JSON lines. Leave out --csv." : null;
        }
        if (result.GetValue(Explain) is { } file && Path.GetExtension(file) != ".png")
            return $"--explain is {file}, but must end in .png.";
        if (words.Length == 0)
            return "An image and a question are missing: blip ask IMAGE... QUESTION.";
        return words.Length == 1 && questions.Length == 0
            ? "The question is missing: blip ask IMAGE... QUESTION."
            : AskWords.FindMistake(words, questions, OtherWords(result));
    }

    /// <summary>The options of the line as they were written, but for the questions.</summary>
    private static string[] OtherWords(CommandResult result) =>
    [
        .. result.Children.OfType<OptionResult>().Where(option => option.Option != Questions && option.IdentifierToken is not null)
            .SelectMany(option => (string[])[option.IdentifierToken!.Value, .. option.Tokens.Select(token => token.Value)]),
    ];

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (FindAnsweringMistake(parsed) is { } mistake)
        {
            CommandLine.WriteError(mistake);
            return CommandLine.Usage;
        }
        AskOptions options = Options(parsed) with { Explain = parsed.GetValue(Explain) is not null };
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        if (parsed.GetValue(Batch) is { } batch)
        {
            using StreamReader lines = InputLines.Open(batch);
            string folder = batch == InputLines.StandardInput ? "" : Path.GetDirectoryName(Path.GetFullPath(batch)) ?? "";
            await using BlipModel batchModel = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
            return await AskBatch.RunAsync(
                batchModel, lines, folder, reader, options, parsed.GetValue(Frames), cancellationToken) ? 0 : CommandLine.Failure;
        }

        string[] words = parsed.GetValue(Words) ?? [], questions = parsed.GetValue(Questions) ?? [];
        if (questions.Length == 0)
            (words, questions) = (words[..^1], [words[^1]]);
        ImageName[] images = ImageNames.ExpandAny(words, parsed.GetValue(Recursive));
        if (options.Explain && (images.Length > 1 || questions.Length > 1))
        {
            CommandLine.WriteError("--explain writes one image. Ask one question about one image.");
            return CommandLine.Usage;
        }
        if (parsed.GetValue(Explain) is { } looked)
            PartialOutput.Check(looked, images[0].Name);
        if (parsed.GetValue(Frames))
            images = [ImageNames.AsFrames(words, images)];
        await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
        model.Check(options);
        AnswerForm form = parsed.GetValue(Json) ? AnswerForm.Json : parsed.GetValue(Csv) ? AnswerForm.Csv : AnswerForm.Text;
        string[] names = [.. images.Select(image => image.Name)];
        using AnswerPrinter printer = AnswerPrinter.Create(
            form, parsed.GetValue(Verbose), names, questions, hasAlternatives: options.Choices is not null || options.Beams > 1);
        if (parsed.GetValue(Explain) is { } file)
        {
            BlipImage image = await reader.ReadAsync(names[0], cancellationToken);
            AskItem item = new(image, questions, names[0]) { Options = options };
            await foreach (AskOutcome outcome in model.AskEachAsync([item], cancellationToken: cancellationToken))
            {
                printer.Print(outcome);
                if (outcome.Answers is [{ Answer.Evidence: { } evidence }])
                    EvidenceFile.Write(file, image, evidence, ModelOptions.Image(parsed));
            }
        }
        else
            await AskAsync(model, images, questions, options, reader, printer, cancellationToken);
        return printer.AnyFailed ? CommandLine.Failure : 0;
    }

    /// <summary>
    /// Asks the questions about each image and prints the answers. Ctrl+C leaves what is printed, and says how much that is.
    /// </summary>
    public static async Task AskAsync(
        IBlipModel model, IReadOnlyList<ImageName> images, IReadOnlyList<string> questions, AskOptions options, ImageReader reader,
        AnswerPrinter printer, CancellationToken cancellationToken)
    {
        using AskProgress progress = new(images.Count);
        IEnumerable<AskItem> items = images.Select(
            image => new AskItem(async token => await image.ReadAsync(reader, token), questions, image.Name));
        try
        {
            AskEachOptions each = new() { Ask = options, Progress = progress };
            await foreach (AskOutcome outcome in model.AskEachAsync(items, each, cancellationToken))
                progress.Around(() => printer.Print(outcome));
        }
        catch (OperationCanceledException) when (images.Count > 1)
        {
            progress.Stop(printer.Images);
            throw;
        }
    }
}
