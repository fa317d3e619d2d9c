using System.Reflection;
using System.Text.Json;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>Who needs no Semantic Kernel carries none: what stands on the tools alone has neither its packages nor those of MCP.</summary>
public sealed class DependencyTests
{
    private static readonly string Program =
        typeof(DependencyTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipExecutable").Value!;

    [Theory]
    [InlineData("Blip.AI", "Microsoft.Extensions.AI", "Microsoft.SemanticKernel", "ModelContextProtocol", "OpenAI")]
    [InlineData("Blip.Mcp", "ModelContextProtocol", "Microsoft.SemanticKernel", "Azure.AI.OpenAI", "OpenAI")]
    [InlineData("Blip.Cli", "ModelContextProtocol", "Microsoft.SemanticKernel", "Azure.AI.OpenAI", "OpenAI")]
    public void Output_OfAProject_HasNoOtherFacesPackages(string project, string needed, params string[] foreign)
    {
        string manifest = Path.ChangeExtension(Program.Replace("Blip.Cli", project, StringComparison.Ordinal), ".deps.json");
        using JsonDocument dependencies = JsonDocument.Parse(File.ReadAllBytes(manifest));
        string[] packages = [.. dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/')[0])];
        Assert.Contains(needed, packages);
        Assert.All(foreign, name => Assert.DoesNotContain(packages, package => package == name || package.StartsWith(name + ".", StringComparison.Ordinal)));
    }
}
