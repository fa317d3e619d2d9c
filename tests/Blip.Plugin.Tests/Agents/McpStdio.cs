using System.Reflection;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Blip.Plugin.Tests.Agents;

/// <summary><c>blip mcp</c> as a process, with the SDK's own client; without roots, one that promises them and fails to tell.</summary>
internal static class McpStdio
{
    public static Task<McpClient> StartAsync(IReadOnlyList<string>? roots, params string[] arguments)
    {
        string program = typeof(McpStdio).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipExecutable").Value!;
        StdioClientTransport transport = new(new StdioClientTransportOptions { Name = "blip", Command = "dotnet", Arguments = [program, "mcp", .. arguments] });
#pragma warning disable MCP9005 // Roots: see BlipMcpServer.
        McpClientOptions options = new()
        {
            // In newer revisions the SDK's client itself fails where its handler does.
            ProtocolVersion = roots is null ? "2025-06-18" : null,
            Capabilities = new ClientCapabilities { Roots = new RootsCapability() },
            Handlers = new McpClientHandlers { RootsHandler = (_, _) => roots is null ? throw new InvalidOperationException("no roots") : ValueTask.FromResult(new ListRootsResult { Roots = [.. roots.Select(r => new Root { Uri = new Uri(r).AbsoluteUri })] }) },
        };
#pragma warning restore MCP9005
        return McpClient.CreateAsync(transport, options);
    }
}
