using System.CommandLine;
using Blip.Checkpoints;
using Blip.Inference;

namespace Blip.Cli;

/// <summary><c>blip export</c>: the generated graphs as ONNX files.</summary>
internal static class ExportCommand
{
    private static readonly string[] Companions =
        ["config.json", "preprocessor_config.json", "processor_config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"];

    private static readonly Option<string> Out = new("--out", "-o") { Description = "A folder that does not exist or is empty.", HelpName = "DIR", Required = true };

    public static Command Create()
    {
        Command command = new("export", "Write the model as self-contained ONNX files.") { ModelOptions.Model, Out };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string target = Path.GetFullPath(parsed.GetRequiredValue(Out));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{parsed.GetValue(Out)} is not empty. Give a new folder.");
        using Checkpoint checkpoint = Checkpoint.Open(await ModelOptions.FindAsync(parsed, cancellationToken));
        string partial = target + ".partial";
        try
        {
            Directory.CreateDirectory(partial);
            GraphExporter.Export(checkpoint, partial, cancellationToken);
            foreach (string name in Companions)
            {
                string source = Path.Combine(checkpoint.Directory, name);
                if (File.Exists(source))
                    File.Copy(source, Path.Combine(partial, name));
            }
            if (Directory.Exists(target))
                Directory.Delete(target);
            Directory.Move(partial, target);
        }
        catch
        {
            Directory.Delete(partial, recursive: true);
            throw;
        }
        foreach (string file in Directory.GetFiles(target, "*.onnx").Order(StringComparer.Ordinal))
            Console.Out.WriteLine(Path.Combine(parsed.GetRequiredValue(Out), Path.GetFileName(file)));
        return 0;
    }
}
