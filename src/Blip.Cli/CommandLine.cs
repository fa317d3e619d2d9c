using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Blip.Cli.Blobs;
using Microsoft.Extensions.Options;

namespace Blip.Cli;

/// <summary>The whole command line: its commands, and how each error becomes one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>The exit code if a file, image, question, model or device cannot be used.</summary>
    public const int Failure = 1;

    /// <summary>The exit code if the words of the command line, or settings, are wrong.</summary>
    public const int Usage = 2;

    private const int Cancelled = 130;

    /// <summary>How long a verb that was interrupted may take to end by itself: servers finish the answers that are under way.</summary>
    public static TimeSpan TimeToStop(string[] args) => TimeSpan.FromSeconds(args is ["serve" or "mcp", ..] ? 40 : 3);

    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        RootCommand root = new("Asks questions about images, with BLIP on ONNX Runtime.")
        {
            AskCommand.Create(), TokenizeCommand.Create(), DetokenizeCommand.Create(), PreprocessCommand.Create(), InfoCommand.Create(),
            DoctorCommand.Create(), ExportCommand.Create(), PullCommand.Create(), ModelsCommand.Create(), WarmCommand.Create(),
            BenchCommand.Create(), McpCommand.Create(), ServeCommand.Create(), HealthCommand.Create(), BlobsCommand.Create(),
            CompletionCommand.Create(),
        };
        // A question may begin with @, so @ does not name a file of arguments.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (!IsCompleted(root, parsed) && FindWrongUse(parsed) is { } wrong)
        {
            WriteError($"{wrong} See blip {CommandPath(parsed)}--help.");
            return Usage;
        }
        try
        {
            InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Cancelled;
        }
        catch (BlipException exception)
        {
            WriteError(Describe(exception));
            return Failure;
        }
        catch (Exception exception) when (FindWrongSetting(exception) is { } wrongSetting)
        {
            WriteError(wrongSetting);
            return Usage;
        }
        catch (IOException exception) when (IsBrokenPipe(exception))
        {
            // The program that reads the output has closed it, as head does. That is not an error.
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            WriteError(exception.Message);
            return Failure;
        }
#pragma warning disable CA1031 // An error in blip itself is one line too.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            WriteError($"an error in blip itself ({exception.GetType().Name}): {exception.Message}");
            return Failure;
        }
    }

    /// <summary>Writes the message to stderr, always as one line.</summary>
    public static void WriteError(string message) => Console.Error.WriteLine($"blip: {message.ReplaceLineEndings(" ")}");

    /// <summary>The message of an error and, where an option of the command helps, which.</summary>
    public static string Describe(BlipException exception) => exception.Code switch
    {
        BlipErrorCode.TooManyPixels => $"{exception.Message} {ModelOptions.MaxPixels.Name} allows more.",
        BlipErrorCode.ImageTooLarge => $"{exception.Message} {ModelOptions.MaxBytes.Name} allows more.",
        _ => exception.Message,
    };

    /// <summary>What is wrong with the settings. Where several kinds of options are wrong, the host collects their errors.</summary>
    private static string? FindWrongSetting(Exception exception) => exception switch
    {
        OptionsValidationException => exception.Message,
        AggregateException { InnerException: OptionsValidationException first } => first.Message,
        _ => null,
    };

    private static bool IsBrokenPipe(IOException exception)
    {
        const int BrokenPipe = 32, WindowsBrokenPipe = unchecked((int)0x8007006D), WindowsNoData = unchecked((int)0x800700E8);
        return exception.HResult is BrokenPipe or WindowsBrokenPipe or WindowsNoData;
    }

    /// <summary>A shell asks for the words that may follow. What is on its line so far need not be right.</summary>
    private static bool IsCompleted(RootCommand root, ParseResult parsed) =>
        root.Directives.OfType<SuggestDirective>().Any(suggest => parsed.GetResult(suggest) is not null);

    private static string? FindWrongUse(ParseResult parsed)
    {
        if (FindUnknownOption(parsed) is { } unknown)
            return $"There is no option {unknown}.";
        if (parsed.Errors.Count == 0)
            return null;
        // The last error is the most exact one: for an unknown command the parser first reports that a command is missing.
        string message = parsed.Errors[^1].Message.Trim();
        return message.EndsWith('.') ? message : message + ".";
    }

    /// <summary>
    /// Finds an unknown option among the words, because the parser reads it as a word. After <c>--</c> there are only words, and text
    /// with a space is a word too.
    /// </summary>
    private static string? FindUnknownOption(ParseResult parsed)
    {
        IEnumerable<Token> tokens = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens);
        int plain = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        return tokens.Select(token => token.Value).SkipLast(plain)
            .FirstOrDefault(word => word.Length > 1 && word[0] == '-' && !word.Contains(' ', StringComparison.Ordinal));
    }

    private static string CommandPath(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
}
