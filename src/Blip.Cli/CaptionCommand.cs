using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using Blip.Cli.Asking;
using Blip.Cli.Terminals;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary><c>blip caption IMAGE...</c>: describes images and writes the captions to stdout.</summary>
internal static class CaptionCommand
{
    /// <summary>Images that are read, decoded and captioned side by side.</summary>
    private const int Window = 6;

    private static readonly Argument<string[]> Images = new("IMAGE...")
    {
        Description = "The images: files, folders, patterns such as 'photos/*.jpg', https addresses, data URIs, or - for standard input.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string?> Prompt = new("--prompt")
    {
        Description = "How each caption begins, for example \"a picture of\".",
        HelpName = "TEXT",
    };

    private static readonly Option<int> MaxNewTokens = NumberOption.Create(
        "--max-new-tokens", "The largest number of tokens after the prompt.", least: 1, standard: CaptionOptions.Default.MaxNewTokens);

    private static readonly Option<int> MinNewTokens = NumberOption.Create(
        "--min-new-tokens", "The smallest number of tokens after the prompt.", least: 0);

    private static readonly Option<bool> Json = new("--json") { Description = "Write each caption as a JSON object on one line." };

    public static Command Create()
    {
        Verb command = new(
            "caption", "Describe images.",
            "blip caption dogs.jpg",
            "blip caption photos --recursive --json > captions.jsonl",
            "blip caption dogs.jpg --beams 3 --best 3 --json",
            "blip caption dogs.jpg --prompt \"a picture of\" --model Salesforce/blip-image-captioning-base")
        {
            Images, AskCommand.Recursive, Prompt, ModelOptions.CaptionModel, ModelOptions.BaseModel, ModelOptions.ImageSize,
            ModelOptions.Device, ModelOptions.Precision, ModelOptions.Threads, MaxNewTokens, MinNewTokens, ModelOptions.CleanUp,
            ModelOptions.Orient, ModelOptions.Alpha, ModelOptions.Resize, ModelOptions.MaxPixels, ModelOptions.MaxBytes, Json,
        };
        foreach (Option option in SearchOptions.OfBeams)
            command.Options.Add(option);
        command.Validators.Add(FindMistakes);
        command.SetAction(RunAsync);
        return command;
    }

    private static void FindMistakes(CommandResult result)
    {
        if (result.GetValue(Images) is null or [])
            result.AddError("An image is missing: blip caption IMAGE...");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if ((SearchOptions.FindBeamMistake(parsed) ?? AskCommand.FindLengthMistake(parsed, MinNewTokens, MaxNewTokens)) is { } mistake)
        {
            CommandLine.WriteError(mistake);
            return CommandLine.Usage;
        }
        ImageName[] images = ImageNames.ExpandAny(parsed.GetValue(Images) ?? [], parsed.GetValue(AskCommand.Recursive));
        CaptionOptions options = SearchOptions.Apply(parsed, new CaptionOptions
        {
            MaxNewTokens = parsed.GetValue(MaxNewTokens),
            MinNewTokens = parsed.GetValue(MinNewTokens),
            CleanUp = ModelOptions.IsCleanedUp(parsed),
        });
        string? prompt = parsed.GetValue(Prompt);
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        await using BlipCaptioner model = await ModelOptions.LoadAsync(
            ModelOptions.Options(parsed, ModelOptions.CaptionModel), BlipCaptioner.LoadAsync, model => model.Info, cancellationToken);
        using JsonLines? lines = parsed.GetValue(Json) ? new JsonLines() : null;
        using AskProgress progress = new(images.Length);
        long start = Stopwatch.GetTimestamp();
        int done = 0, failed = 0;
        try
        {
            await foreach ((ImageName image, Caption? caption, BlipException? error) in InOrder.RunAsync(
                images, Window, CaptionAsync, cancellationToken))
            {
                progress.Around(() => Write(image.Name, caption, error));
                failed += error is null ? 0 : 1;
                progress.Report(new AskEachProgress(++done, failed, Stopwatch.GetElapsedTime(start)));
            }
        }
        catch (OperationCanceledException) when (images.Length > 1)
        {
            progress.Stop(done);
            throw;
        }
        return failed == 0 ? 0 : CommandLine.Failure;

        async Task<(ImageName, Caption?, BlipException?)> CaptionAsync(ImageName image, CancellationToken token)
        {
            try
            {
                BlipImage opened = image.Error is { } missing ? throw missing : await reader.ReadAsync(image.Name, token);
                return (image, await model.CaptionAsync(opened, prompt, options, token), null);
            }
            catch (BlipException exception)
            {
                return (image, null, exception);
            }
        }

        void Write(string image, Caption? caption, BlipException? error)
        {
            if (error is not null && lines is not null)
                lines.Write(writer => AnswerJson.WriteError(writer, error.Code, error.Message, image: image));
            else if (error is not null)
                CommandLine.WriteError(CommandLine.Describe(error, image));
            else if (lines is not null)
                lines.Write(writer => CaptionJson.Write(writer, caption!, image));
            else
                Console.Out.WriteLine(images.Length == 1 ? Clean(caption!.Text) : $"{Clean(image)}\t{Clean(caption!.Text)}");
            OutputPipe.ThrowIfClosed();
        }

        static string Clean(string text) => Terminal.Clean(text);
    }
}
