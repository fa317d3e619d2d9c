using System.CommandLine;

namespace Blip.Cli;

/// <summary>A command of the command line, with the examples that its help shows.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;
}
