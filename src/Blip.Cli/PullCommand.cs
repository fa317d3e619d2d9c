using System.CommandLine;

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
        Description = "Compare the files that are in the cache with their hashes too, and download damaged ones again.",
    };

    public static Command Create()
    {
        Command command = new("pull", "Download a model from the hub into the cache, and verify it.") { Id, Force };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string id = parsed.GetRequiredValue(Id);
            string folder = await DownloadProgress.ShowAsync(id, async progress => parsed.GetValue(Force)
                ? (await ModelOptions.RepairAsync(id, progress, cancellationToken)).Folder
                : await ModelOptions.DownloadAsync(id, progress, cancellationToken));
            Console.Out.WriteLine(folder);
            return 0;
        });
        return command;
    }
}
