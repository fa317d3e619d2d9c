using System.CommandLine;
using System.CommandLine.Parsing;

namespace Blip.Cli;

/// <summary>A command of the command line, with the examples that its help shows.</summary>
internal sealed class Verb : Command
{
    /// <summary>What is never empty: an empty key would leave a service open, and an empty path is the folder that one is in.</summary>
    private static readonly string[] Filled = ["FILE", "DIR", "FOLDER", "DATA", "RUN", "RUN2", "KEY"];

    public Verb(string name, string description, params string[] examples)
        : base(name, description)
    {
        Examples = examples;
        Validators.Add(command =>
        {
            foreach (SymbolResult word in command.Children)
            {
                if (FindEmpty(word) is { } empty)
                    command.AddError($"{empty} is empty.");
            }
        });
    }

    public IReadOnlyList<string> Examples { get; }

    /// <summary>
    /// The option or argument that has an empty text where it must not, as <c>"$NAME"</c> is where the shell knows no such variable.
    /// </summary>
    private static string? FindEmpty(SymbolResult word)
    {
        (string name, string? kind) = word switch
        {
            OptionResult { Option: var option } => (option.Name, option.HelpName),
            ArgumentResult { Argument: var argument } => (argument.Name, argument.HelpName ?? argument.Name),
            _ => ("", null),
        };
        return kind is not null && kind.Split('|').Any(part => Filled.Contains(part.Split('.')[0]))
            && word.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)) ? name : null;
    }
}
