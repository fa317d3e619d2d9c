using System.CommandLine;
using Blip.Checkpoints;
using Blip.Runtime;

namespace Blip.Cli;

/// <summary><c>blip export</c>: writes the model's graphs as ONNX files.</summary>
internal static class ExportCommand
{
    private static readonly string[] Companions =
    [
        "config.json", "preprocessor_config.json", "processor_config.json", "generation_config.json",
        "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json",
    ];

    private static readonly Option<string> Out = new("--out", "-o")
    {
        Description = "A folder that does not exist or is empty.",
        HelpName = "DIR",
        Required = true,
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Write into a folder that is not empty. Files with the same names are replaced, other files stay.",
    };

    public static Command Create()
    {
        Verb command = new(
            "export", "Write the model as self-contained ONNX files.",
            "blip export --out onnx")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, Out, Force,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string named = parsed.GetRequiredValue(Out), target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named));
        if (File.Exists(target))
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{named} is a file. Name a new folder.");
        if (!parsed.GetValue(Force) && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest, $"{named} is not empty. Name a new folder, or add --force to write into this one.");
        }
        using Checkpoint checkpoint = await ModelOptions.OpenAsync(parsed, cancellationToken);
        string partial = PartialOutput.Beside(target);
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
            IEnumerable<string> names = Directory.GetFiles(partial, "*.onnx").Select(file => Path.GetFileName(file));
            string[] graphs = [.. names.Select(name => Path.Combine(named, name)).Order(StringComparer.Ordinal)];
            Publish(partial, target);
            foreach (string graph in graphs)
                Console.Out.WriteLine(graph);
            return 0;
        }
        finally
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }

    private static void Publish(string partial, string target)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(partial, target);
            return;
        }
        foreach (string file in Directory.GetFiles(partial))
            File.Move(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
    }
}
