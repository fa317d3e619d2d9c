using System.CommandLine;
using Blip.Mcp;

namespace Blip.Cli;

/// <summary><c>blip mcp</c>: the tools for a client that starts this process.</summary>
internal static class McpCommand
{
    private static readonly Option<string[]> AllowFolder = new("--allow-folder") { Description = "A folder whose images may be read, beside the client's roots; may be repeated.", HelpName = "DIR" };

    public static Command Create()
    {
        Command command = new("mcp", "Serve the image tools over MCP on standard input and output.") { ModelOptions.Model, ModelOptions.Device, ModelOptions.Precision, AllowFolder };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await BlipMcpServer.RunStdioAsync(options => ModelOptions.Apply(parsed, options), parsed.GetValue(AllowFolder) ?? [], cancellationToken);
            return 0;
        });
        return command;
    }
}
