using System.CommandLine;
using System.CommandLine.Parsing;
using Blip.Text;

namespace Blip.Cli;

/// <summary><c>blip tokenize</c>: converts text to token ids.</summary>
internal static class TokenizeCommand
{
    private static readonly Argument<string?> Input = new("TEXT") { Description = "The text.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> Batch = new("--batch")
    {
        Description = "A file with a JSON string on each line, or - for standard input.",
        HelpName = "FILE",
    };

    private static readonly Option<string> SpecialTokens = ModelOptions.Choice(
        "--special-tokens", "Read [SEP] and similar words in a text as plain text, or as tokens like transformers.", "plain", "reference");

    public static Command Create()
    {
        Verb command = new(
            "tokenize", "Show the token ids of a text.",
            "blip tokenize \"how many dogs are there?\"")
        {
            Input, Batch, ModelOptions.Model, ModelOptions.BaseModel, SpecialTokens,
        };
        command.Validators.Add(RequireOneInput);
        command.SetAction(RunAsync);
        return command;
    }

    private static void RequireOneInput(CommandResult result)
    {
        if (result.GetValue(Input) is null == (result.GetValue(Batch) is null))
            result.AddError("Give either TEXT or --batch FILE.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        BertTokenizer tokenizer = BertTokenizer.Load((await ModelOptions.FindAsync(parsed, cancellationToken)).Model);
        SpecialTokenMode mode = parsed.GetValue(SpecialTokens) == "reference" ? SpecialTokenMode.Reference : SpecialTokenMode.Plain;
        using JsonLines output = new();
        if (parsed.GetValue(Input) is { } text)
        {
            Write(text);
            return 0;
        }
        string file = parsed.GetRequiredValue(Batch)!;
        return await LineBatch.RunAsync(file, output, line => Write(InputLines.ReadString(line)), cancellationToken);

        void Write(string input)
        {
            TokenizedText tokens = tokenizer.Encode(input, mode);
            output.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartArray("ids");
                foreach (int id in tokens.Ids)
                    writer.WriteNumberValue(id);
                writer.WriteEndArray();
                writer.WriteBoolean("truncated", tokens.Truncated);
                writer.WriteEndObject();
            });
        }
    }
}
