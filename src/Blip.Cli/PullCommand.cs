using System.CommandLine;
using Blip.Hub;

namespace Blip.Cli;

/// <summary><c>blip pull ID</c>: downloads a model from the hub into the cache.</summary>
internal static class PullCommand
{
    private static readonly Argument<string> Id = new("ID")
    {
        Description = "A hub id such as Salesforce/blip-vqa-base, optionally with @revision, or the address of the model's page.",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Also compare the files in the cache with their hashes, and download damaged ones again.",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write one JSON object: id, folder and files." };

    public static Command Create()
    {
        Verb command = new(
            "pull", "Download a model from the hub into the cache, and verify it.",
            "blip pull Salesforce/blip-vqa-base") { Id, Force, Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string id = parsed.GetRequiredValue(Id);
            HubRepair? repair = null;
            string folder = await DownloadProgress.ShowAsync(id, async progress => parsed.GetValue(Force)
                ? (repair = await ModelOptions.RepairAsync(id, progress, cancellationToken)).Folder
                : await ModelOptions.DownloadAsync(id, progress, cancellationToken));
            if (parsed.GetValue(Json))
                Write(id, folder, repair);
            else
                Console.Out.WriteLine(folder);
            return 0;
        });
        return command;
    }

    private static void Write(string id, string folder, HubRepair? repair)
    {
        using JsonLines output = new();
        output.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("folder", folder);
            writer.WriteStartArray("files");
            foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                writer.WriteStartObject();
                writer.WriteString("name", Path.GetFileName(file));
                // A file of the cache is a link to its content.
                FileSystemInfo? content = File.ResolveLinkTarget(file, returnFinalTarget: true);
                writer.WriteNumber("bytes", new FileInfo(content?.FullName ?? file).Length);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            if (repair is not null)
            {
                writer.WriteStartArray("downloaded_again");
                foreach (string name in repair.Damaged)
                    writer.WriteStringValue(name);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        });
    }
}
