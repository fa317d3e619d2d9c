using System.Text.Json;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>Each project carries the packages of its own stack alone: without Semantic Kernel there is none of its packages.</summary>
public sealed class DependencyTests
{
    [Theory]
    [InlineData("Blip.AI", "Microsoft.Extensions.AI", "Microsoft.SemanticKernel", "ModelContextProtocol", "OpenAI")]
    [InlineData("Blip.Mcp", "ModelContextProtocol", "Microsoft.SemanticKernel", "Azure.AI.OpenAI", "OpenAI")]
    [InlineData("Blip.Cli", "ModelContextProtocol", "Microsoft.SemanticKernel", "Azure.AI.OpenAI", "OpenAI")]
    public void Output_OfAProject_HasNoPackageOfAnotherStack(string project, string needed, params string[] foreign)
    {
        string library = McpStdio.Program.Replace("Blip.Cli", project, StringComparison.Ordinal);
        using JsonDocument dependencies = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(library, ".deps.json")));
        JsonElement libraries = dependencies.RootElement.GetProperty("libraries");
        string[] packages = [.. libraries.EnumerateObject().Select(one => one.Name.Split('/')[0])];
        Assert.Contains(needed, packages);
        Assert.DoesNotContain(packages, package => foreign.Any(name => (package + ".").StartsWith(name + ".", StringComparison.Ordinal)));
    }
}
