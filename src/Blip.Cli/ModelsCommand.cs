using System.CommandLine;
using System.Globalization;
using Blip.Cli.Terminals;
using Blip.Hub;

namespace Blip.Cli;

/// <summary><c>blip models</c>: lists the models in the cache, which Blip shares with the Python client.</summary>
internal static class ModelsCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Write a JSON object on one line for each revision." };

    private static readonly Option<bool> Family = new("--family")
    {
        Description = "List the published models by kind, with their sizes and licences.",
    };

    private static readonly Argument<string> Id = new("ID") { Description = "A model in the cache, optionally with @revision." };

    private static readonly Argument<string?> Any = new("ID")
    {
        Description = "A model in the cache, optionally with @revision. Default: all that blip can use.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create()
    {
        Verb remove = new(
            "remove", "Remove a model, or one revision of it, from the cache.", "blip models remove Salesforce/blip-vqa-base") { Id };
        remove.SetAction(parsed => Remove(parsed.GetRequiredValue(Id)));
        Verb verify = new(
            "verify", "Compare the files in the cache with their hashes, and download damaged ones again.", "blip models verify") { Any };
        verify.SetAction((parsed, cancellationToken) => VerifyAsync(parsed.GetValue(Any), cancellationToken));
        Verb command = new("models", "List the models in the cache.", "blip models", "blip models --json", "blip models --family")
        {
            Family, Json, remove, verify,
        };
        command.SetAction(parsed => parsed.GetValue(Family) ? ListFamily(parsed.GetValue(Json)) : List(parsed.GetValue(Json)));
        return command;
    }

    private static int ListFamily(bool json)
    {
        HubCache cache = new();
        using JsonLines? lines = json ? new JsonLines() : null;
        foreach (PublishedModel model in PublishedModels.All)
        {
            bool isHere = model.IsDemo ? DemoModels.IsHere(model.Id) : cache.Find(model.Id) is not null;
            if (lines is null)
            {
                Console.Out.WriteLine(
                    $"{model.Id}\t{model.Task}\t{Units.Bytes(model.Bytes)}\t{model.License}\t{(isHere ? "here" : "blip pull")}");
                continue;
            }
            lines.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("id", model.Id);
                writer.WriteString("task", model.Task);
                writer.WriteNumber("bytes", model.Bytes);
                writer.WriteString("license", model.License);
                writer.WriteBoolean("here", isHere);
                writer.WriteEndObject();
            });
        }
        return 0;
    }

    private static int List(bool json)
    {
        HubCache cache = new();
        using JsonLines? lines = json ? new JsonLines() : null;
        bool any = false;
        foreach (HubCachedModel model in cache.List())
        {
            foreach (HubCachedRevision revision in model.Revisions)
            {
                any = true;
                if (lines is null)
                {
                    string names = revision.References.Count > 0 ? string.Join(", ", revision.References) : "no branch";
                    string usable = revision.Usable ? "usable" : "not usable by blip";
                    Console.Out.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{model.Id}\t{revision.Commit[..12]}\t{names}\t{Units.Bytes(revision.Size)}\t{usable}"));
                    continue;
                }
                lines.Write(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("id", model.Id);
                    writer.WriteString("commit", revision.Commit);
                    writer.WriteStartArray("references");
                    foreach (string reference in revision.References)
                        writer.WriteStringValue(reference);
                    writer.WriteEndArray();
                    writer.WriteNumber("bytes", revision.Size);
                    writer.WriteBoolean("usable", revision.Usable);
                    writer.WriteString("folder", revision.Folder);
                    writer.WriteEndObject();
                });
            }
        }
        if (!any)
            Console.Error.WriteLine($"no models in {cache.Folder}");
        return 0;
    }

    private static async Task<int> VerifyAsync(string? id, CancellationToken cancellationToken)
    {
        string[] ids = id is not null ? [id] :
        [
            .. new HubCache().List().SelectMany(model => model.Revisions.Where(revision => revision.Usable)
                .Select(revision => $"{model.Id}@{revision.Commit}")),
        ];
        int code = 0;
        foreach (string each in ids)
        {
            try
            {
                HubRepair repair = await DownloadProgress.ShowAsync(
                    each, progress => ModelOptions.RepairAsync(each, progress, cancellationToken));
                Console.Out.WriteLine(repair.Damaged.Count == 0
                    ? $"{each}\tright"
                    : $"{each}\tdownloaded again: {string.Join(", ", repair.Damaged)}");
            }
            catch (BlipException exception)
            {
                CommandLine.WriteError(CommandLine.Describe(exception));
                code = CommandLine.Failure;
            }
        }
        if (ids.Length == 0)
            Console.Error.WriteLine("no models to verify");
        return code;
    }

    private static int Remove(string id)
    {
        HubRemoval removal = new HubCache().Remove(id);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"removed {removal.Id} ({removal.Commits.Count} revisions), {Units.Bytes(removal.BytesFreed)} freed"));
        return 0;
    }
}
