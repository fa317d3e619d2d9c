using System.CommandLine;
using System.CommandLine.Parsing;

namespace Blip.Cli;

/// <summary>The command line as a whole: its verbs, and how what goes wrong becomes one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>What is found while working: a file, image, question, model or device that cannot be used.</summary>
    public const int Failure = 1;

    /// <summary>What the parser can know: wrong usage.</summary>
    public const int Usage = 2;

    private const int Cancelled = 130;

    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        RootCommand root = new("Asks questions about images, with BLIP on ONNX Runtime.")
        {
            AskCommand.Create(), TokenizeCommand.Create(), DetokenizeCommand.Create(), PreprocessCommand.Create(), InfoCommand.Create(), DoctorCommand.Create(), ExportCommand.Create(),
            PullCommand.Create(), ModelsCommand.Create(), WarmCommand.Create(), BenchCommand.Create(), McpCommand.Create(), ServeCommand.Create(), HealthCommand.Create(),
        };
        // A question may begin with @.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (FindWrongUse(parsed) is { } wrong)
        {
            Complain($"{wrong} See blip {CommandPath(parsed)}--help.");
            return Usage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Cancelled;
        }
        catch (BlipException exception)
        {
            Complain(exception.Message);
            return Failure;
        }
        catch (IOException exception) when (IsBrokenPipe(exception))
        {
            // Whoever read our output has had enough.
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Complain(exception.Message);
            return Failure;
        }
#pragma warning disable CA1031 // The last resort: a fault of our own is one line too.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Complain($"a fault of its own ({exception.GetType().Name}): {exception.Message}");
            return Failure;
        }
    }

    /// <summary>One line on stderr, whatever the message holds.</summary>
    public static void Complain(string message) => Console.Error.WriteLine($"blip: {message.ReplaceLineEndings(" ")}");

    private static bool IsBrokenPipe(IOException exception)
    {
        const int BrokenPipe = 32, WindowsBrokenPipe = unchecked((int)0x8007006D), WindowsNoData = unchecked((int)0x800700E8);
        return exception.HResult is BrokenPipe or WindowsBrokenPipe or WindowsNoData;
    }

    private static string? FindWrongUse(ParseResult parsed)
    {
        if (FindUnknownOption(parsed) is { } unknown)
            return $"There is no option {unknown}.";
        if (parsed.Errors.Count == 0)
            return null;
        // Of several the most particular comes last: an unknown verb is also a missing one.
        string message = parsed.Errors[^1].Message.Trim();
        return message.EndsWith('.') ? message : message + ".";
    }

    /// <summary>The parser takes an unknown option for one more word. What follows <c>--</c> is a word, and so is what has a space.</summary>
    private static string? FindUnknownOption(ParseResult parsed)
    {
        string[] words = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)];
        int plain = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        return words.SkipLast(plain).FirstOrDefault(word => word.Length > 1 && word[0] == '-' && !word.Contains(' ', StringComparison.Ordinal));
    }

    private static string CommandPath(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
}
