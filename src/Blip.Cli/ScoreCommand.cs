using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Blip.Cli.Asking;
using Blip.Cli.Terminals;
using Blip.Hosting;
using Blip.Text;

namespace Blip.Cli;

/// <summary><c>blip score IMAGE PHRASE...</c>: tells how well an image shows the things that a text names.</summary>
internal static class ScoreCommand
{
    private static readonly Argument<string?> Image = new("IMAGE")
    {
        Description = "The image: a file, an https address, a data URI, or - for standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Argument<string[]> Phrases = new("PHRASE...")
    {
        Description = "The noun phrases of the text, each in quotes if it has several words.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string?> Prompt = new("--prompt")
    {
        Description = "The whole text instead of phrases: it is split by lists of English words.",
        HelpName = "TEXT",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write the score as a JSON object on one line." };

    public static Command Create()
    {
        Verb command = new(
            "score", "Tell how well an image shows the things that a text names (T2I-CompBench).",
            "blip score dogs.jpg \"two dogs\" \"a tree\"",
            "blip score dogs.jpg --prompt \"two dogs on a meadow\" --json",
            "blip score made.png \"a red car\" --image-size 480 --model Salesforce/blip-vqa-capfilt-large")
        {
            Image, Phrases, Prompt, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads, ModelOptions.Orient, ModelOptions.Alpha, ModelOptions.Resize,
            ModelOptions.MaxPixels, ModelOptions.MaxBytes, Json,
        };
        command.Validators.Add(FindMistakes);
        command.SetAction(RunAsync);
        return command;
    }

    private static void FindMistakes(CommandResult result)
    {
        bool hasPhrases = result.GetValue(Phrases) is { Length: > 0 }, hasPrompt = result.GetResult(Prompt) is not null;
        if (result.GetValue(Image) is not { } image)
            result.AddError("An image and a phrase are missing: blip score IMAGE PHRASE...");
        else if (!hasPhrases && !hasPrompt)
            result.AddError("A phrase is missing: blip score IMAGE PHRASE...");
        else if (hasPhrases && hasPrompt)
            result.AddError($"Give phrases or {Prompt.Name}, not both.");
        else if (hasPhrases && !AskWords.IsThere(image)
            && AskWords.FindLateFirst("score", "image", image, "phrases", result.GetValue(Phrases)!, ImageReader.IsImage) is { } mistake)
            result.AddError(mistake);
        else if (AskWords.FindSecondImage("score", result.GetValue(Phrases) ?? []) is { } second)
            result.AddError(second);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(Image)!;
        IReadOnlyList<string> phrases =
            parsed.GetValue(Prompt) is { } prompt ? NounPhrases.Split(prompt) : parsed.GetValue(Phrases) ?? [];
        if (phrases.Count == 0)
            CommandLine.WriteError($"{Prompt.Name} has no noun phrase, so the score is 0. Give the phrases themselves.");
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        BlipImage image = await reader.ReadAsync(name, cancellationToken);
        await using BlipModel model = await ModelOptions.LoadAsync(ModelOptions.Options(parsed), cancellationToken);
        PhraseScore score = await model.ScoreAsync(image, phrases, cancellationToken);
        if (parsed.GetValue(Json))
        {
            using JsonLines lines = new();
            lines.Write(writer => ScoreJson.Write(writer, score, phrases, model.Info, name));
            return 0;
        }
        foreach ((string phrase, double probability) in phrases.Zip(score.Probabilities))
            Line($"{probability:0.0000}  {Terminal.Clean(phrase)}");
        Line($"{score.Score,-6:G4}  score");
        OutputPipe.ThrowIfClosed();
        return 0;
    }

    private static void Line(FormattableString text) => Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
