using System.CommandLine;

namespace Blip.Cli.DataSets;

/// <summary>The words of the command line that name a data set.</summary>
internal static class DataOptions
{
    public static Argument<string?> Data { get; } = new("DATA")
    {
        Description = "The questions: a table (.csv, .tsv, .jsonl, .parquet) with columns image and question, also id and answer; "
            + "a folder of images; or the questions of VQA v2 (.json).",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Option<string?> Questions { get; } = new("--questions")
    {
        Description = "With a folder: a file with a question on each line. Each is asked about every image.",
        HelpName = "FILE",
    };

    public static Option<string?> Annotations { get; } = new("--annotations")
    {
        Description = "With the questions of VQA v2: the file of their annotations, which has the right answers.",
        HelpName = "FILE.json",
    };

    public static Option<string?> Images { get; } = new("--images")
    {
        Description = "The folder that the images' paths are relative to. Default: the folder of DATA.",
        HelpName = "FOLDER",
    };

    public static IReadOnlyList<Option> All { get; } = [Questions, Annotations, Images, AskCommand.Recursive];

    /// <summary>The data set that the user names, in a command that called <see cref="Require"/>.</summary>
    public static DataSource Source(ParseResult parsed) => new(
        parsed.GetValue(Data)!, parsed.GetValue(Questions), parsed.GetValue(Annotations), parsed.GetValue(Images),
        parsed.GetValue(AskCommand.Recursive));

    /// <summary>Makes a line without a data set a mistake.</summary>
    public static void Require(Command command) => command.Validators.Add(result =>
    {
        if (result.GetValue(Data) is null)
            result.AddError($"The data set is missing: blip {command.Name} DATA.");
    });
}
