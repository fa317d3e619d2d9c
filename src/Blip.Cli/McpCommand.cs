using System.CommandLine;
using Blip.AI;
using Blip.Cli.Terminals;
using Blip.Hosting;
using Blip.Hosting.Blobs;
using Blip.Mcp;
using Blip.Search;
using Microsoft.Extensions.DependencyInjection;

namespace Blip.Cli;

/// <summary><c>blip mcp</c>: serves the tools to a client that starts this process.</summary>
internal static class McpCommand
{
    private static readonly Option<string[]> AllowFolder = new("--allow-folder")
    {
        Description = "A folder whose images may be read, in addition to the client's roots; may be repeated.",
        HelpName = "DIR",
    };

    private static int s_demoModelTold;

    public static Command Create()
    {
        Verb command = new(
            "mcp", "Serve the image tools over MCP on standard input and output.",
            "blip mcp --allow-folder ~/Pictures")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ServiceCaptionModel, ModelOptions.ServiceMatchModel,
            ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision, AllowFolder,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string[] folders = parsed.GetValue(AllowFolder) ?? [];
            if (Array.Find(folders, folder => !Directory.Exists(folder)) is { } missing)
            {
                CommandLine.WriteError($"there is no folder '{missing}'. Name one that exists after --allow-folder.");
                return CommandLine.Usage;
            }
            if (StandardFiles.IsClosed(StandardFiles.Input))
            {
                CommandLine.WriteError("standard input is closed. An MCP client starts this command and writes to it.");
                return CommandLine.Usage;
            }
            if (StandardFiles.IsClosed(StandardFiles.Output))
            {
                CommandLine.WriteError("standard output is closed. An MCP client starts this command and reads from it.");
                return CommandLine.Usage;
            }
            await BlipMcpServer.RunStdioAsync(
                options => Configure(parsed, options), folders, services => AddSettings(parsed, folders, services), cancellationToken);
            return 0;
        });
        return command;
    }

    /// <summary>What is in the environment for <c>blip serve</c> is no mistake here.</summary>
    private static void AddSettings(ParseResult parsed, string[] folders, IServiceCollection services) => services
        .AddBlipSearch(search => search.SearchFolders = [.. search.SearchFolders, .. folders.Select(Path.GetFullPath)])
        .Configure<BlipFamilyOptions>(family =>
        {
            family.CaptionModel = parsed.GetValue(ModelOptions.ServiceCaptionModel) ?? family.CaptionModel;
            family.MatchModel = parsed.GetValue(ModelOptions.ServiceMatchModel) ?? family.MatchModel;
        })
        .AddSingleton(new BoundSection(BlipServiceCollectionExtensions.SectionName, typeof(BlipHostingOptions)))
        .AddSingleton(new BoundSection(BlipServiceCollectionExtensions.SectionName + ":Blobs", typeof(BlobAnsweringOptions)));

    private static void Configure(ParseResult parsed, BlipOptions options)
    {
        ModelOptions.Apply(parsed, options);
        // The options are made twice: to be checked at the start, and to be used.
        if (options.Model == BlipModel.DemoModel && Interlocked.Exchange(ref s_demoModelTold, 1) == 0)
        {
            CommandLine.WriteError("the demo model answers, which knows drawings only. "
                + "For photographs, name a model, such as --model Salesforce/blip-vqa-capfilt-large.");
        }
    }
}
