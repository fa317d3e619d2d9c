using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Blip.Cli.Asking;
using Blip.Cli.Terminals;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary><c>blip match IMAGE TEXT...</c>: tells how well texts describe an image.</summary>
internal static class MatchCommand
{
    private static readonly Argument<string?> Image = new("IMAGE")
    {
        Description = "The image: a file, an https address, a data URI, or - for standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Argument<string[]> Texts = new("TEXT...")
    {
        Description = "The texts, each in quotes if it has several words.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write each match as a JSON object on one line." };

    public static Command Create()
    {
        Verb command = new(
            "match", "Tell how well texts describe an image.",
            "blip match dogs.jpg \"two dogs on a meadow\" \"a cat\"",
            "blip match photo.jpg \"a birthday party\" --json --model Salesforce/blip-itm-base-coco")
        {
            Image, Texts, ModelOptions.MatchModel, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device,
            ModelOptions.Precision, ModelOptions.Threads, ModelOptions.Orient, ModelOptions.Alpha, ModelOptions.Resize,
            ModelOptions.MaxPixels, ModelOptions.MaxBytes, Json,
        };
        command.Validators.Add(FindMistakes);
        command.SetAction(RunAsync);
        return command;
    }

    private static void FindMistakes(CommandResult result)
    {
        string[] texts = result.GetValue(Texts) ?? [];
        if (result.GetValue(Image) is not { } image)
        {
            result.AddError("An image and a text are missing: blip match IMAGE TEXT...");
            return;
        }
        if (texts.Length == 0)
            result.AddError("A text is missing: blip match IMAGE TEXT...");
        else if (!AskWords.IsThere(image)
            && AskWords.FindLateFirst("match", "image", image, "texts", texts, ImageReader.IsImage) is { } mistake)
            result.AddError(mistake);
        else if (AskWords.FindSecondImage("match", texts) is { } second)
            result.AddError(second);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(Image)!;
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        BlipImage image = await reader.ReadAsync(name, cancellationToken);
        await using BlipMatcher model = await ModelOptions.LoadAsync(
            ModelOptions.Options(parsed, ModelOptions.MatchModel), BlipMatcher.LoadAsync, model => model.Info, cancellationToken);
        TextMatch[] matches = await model.MatchAsync(image, parsed.GetValue(Texts) ?? [], cancellationToken);
        using JsonLines? lines = parsed.GetValue(Json) ? new JsonLines() : null;
        foreach (TextMatch match in matches)
        {
            if (lines is not null)
                lines.Write(writer => MatchJson.Write(writer, match, model.Info, name));
            else
                Console.Out.WriteLine(Describe(match));
        }
        OutputPipe.ThrowIfClosed();
        return 0;
    }

    private static string Describe(TextMatch match) => string.Create(
        CultureInfo.InvariantCulture, $"{match.Match,6:0.0 %}  cosine {match.Cosine,5:0.00}  {Terminal.Clean(match.Text)}");
}
