using System.Reflection;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Blip.Plugin.Tests.Agents;

/// <summary><c>blip mcp</c> as a process, with the client of the SDK.</summary>
internal static class McpStdio
{
    /// <summary>The command's assembly.</summary>
    public static string Program { get; } =
        typeof(McpStdio).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipExecutable").Value!;

    /// <param name="roots">The folders that the client opens; null for a client that promises roots and fails to name them.</param>
    /// <param name="arguments">Further arguments of the command.</param>
    public static Task<McpClient> StartAsync(IReadOnlyList<string>? roots, params string[] arguments)
    {
        StdioClientTransportOptions process = new() { Name = "blip", Command = "dotnet", Arguments = [Program, "mcp", .. arguments] };
#pragma warning disable MCP9005 // Roots: see BlipMcpServer.
        McpClientOptions options = new()
        {
            // In newer revisions of the protocol the SDK's client itself fails where its handler fails.
            ProtocolVersion = roots is null ? "2025-06-18" : null,
            Capabilities = new ClientCapabilities { Roots = new RootsCapability() },
            Handlers = new McpClientHandlers { RootsHandler = (_, _) => ValueTask.FromResult(ListRoots(roots)) },
        };
#pragma warning restore MCP9005
        return McpClient.CreateAsync(new StdioClientTransport(process), options);
    }

#pragma warning disable MCP9005
    private static ListRootsResult ListRoots(IReadOnlyList<string>? roots) => roots is null
        ? throw new InvalidOperationException("no roots")
        : new ListRootsResult { Roots = [.. roots.Select(root => new Root { Uri = new Uri(root).AbsoluteUri })] };
#pragma warning restore MCP9005
}
