using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Blip.Cli.Terminals;

namespace Blip.Cli;

/// <summary>The help of a command: the parser's own, then examples and exit codes.</summary>
internal sealed class HelpPage(HelpAction standard) : SynchronousCommandLineAction
{
    private const string ExitCodes = """
        Exit codes:
          0    done
          1    a file, image, question, model or device cannot be used
          2    the command line, or a setting, is wrong
          130  ended by Ctrl+C (143 by SIGTERM); what was written before is complete
        """;

    /// <summary>A service has no other end than a signal.</summary>
    private const string ServiceExitCodes = """
        Exit codes:
          0    ended by Ctrl+C or SIGTERM; requests that had begun are answered
          1    a file, model or device cannot be used
          2    the command line, or a setting, is wrong
          130  ended at once by a second Ctrl+C (143 by SIGTERM)
        """;

    private static readonly string[] RootExamples =
    [
        "blip                                            a session: drop an image, ask, ask again",
        "blip ask dogs.jpg \"how many dogs are there?\"",
        "eval \"$(blip completion bash)\"                  completes words with Tab; zsh and pwsh too",
    ];

    public override bool ClearsParseErrors => true;

    /// <summary>Puts the page in the place of the parser's own help.</summary>
    public static void Use(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpPage((HelpAction)option.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        standard.MaxWidth = Terminal.OutputWidth;
        int code = standard.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        IReadOnlyList<string> examples = command is RootCommand ? RootExamples : (command as Verb)?.Examples ?? [];
        if (examples.Count > 0)
            output.WriteLine("Examples:");
        foreach (string example in examples)
            output.WriteLine($"  {example}");
        if (examples.Count > 0)
            output.WriteLine();
        output.WriteLine(command.Name == ServeCommand.Name ? ServiceExitCodes : ExitCodes);
        return code;
    }
}
