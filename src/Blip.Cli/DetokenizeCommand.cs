using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Blip.Text;

namespace Blip.Cli;

/// <summary><c>blip detokenize</c>: converts token ids to text.</summary>
internal static class DetokenizeCommand
{
    private static readonly Argument<string?> Input = new("IDS")
    {
        Description = "A JSON array of ids.", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Batch = new("--batch")
    {
        Description = "A file with a JSON array of ids on each line, or - for standard input.",
        HelpName = "FILE",
    };

    public static Command Create()
    {
        Verb command = new(
            "detokenize", "Show the text of token ids.",
            "blip detokenize \"[39,3]\"")
        {
            Input, Batch, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.CleanUp,
        };
        command.Validators.Add(RequireOneInput);
        command.SetAction(RunAsync);
        return command;
    }

    private static void RequireOneInput(CommandResult result)
    {
        if (result.GetValue(Input) is null == (result.GetValue(Batch) is null))
            result.AddError("Give either IDS or --batch FILE.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        BertTokenizer tokenizer = BertTokenizer.Load((await ModelOptions.FindAsync(parsed, cancellationToken)).Model);
        bool cleanUp = ModelOptions.IsCleanedUp(parsed);
        using JsonLines output = new();
        if (parsed.GetValue(Input) is { } ids)
        {
            Write(ids);
            return 0;
        }
        return await LineBatch.RunAsync(parsed.GetRequiredValue(Batch)!, output, Write, cancellationToken);

        void Write(string line)
        {
            string text = tokenizer.Decode(ReadIds(line, tokenizer.VocabularySize), cleanUp);
            output.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("text", text);
                writer.WriteEndObject();
            });
        }
    }

    private static int[] ReadIds(string line, int vocabulary)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            int[] ids = [.. document.RootElement.EnumerateArray().Select(id => id.GetInt32())];
            return ids.All(id => id >= 0 && id < vocabulary) ? ids : throw new FormatException();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest, $"This is not a JSON array of ids from 0 to {vocabulary - 1}.", exception);
        }
    }
}
