using System.CommandLine;
using System.Net.Sockets;
using Blip.Cli.Blobs;
using Blip.Cli.DataSets;
using Blip.Cli.Evaluation;
using Blip.Cli.Interactive;
using Blip.Cli.Searching;
using Blip.Cli.Terminals;
using Blip.Hub;
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
            AskCommand.Create(), RunCommand.Create(), EvalCommand.Create(), CaptionCommand.Create(), MatchCommand.Create(),
            IndexCommand.Create(), SearchCommand.Create(), ScoreCommand.Create(), CalibrateCommand.Create(),
            TokenizeCommand.Create(), DetokenizeCommand.Create(), PreprocessCommand.Create(), InfoCommand.Create(), DoctorCommand.Create(),
            ExportCommand.Create(), PullCommand.Create(), ModelsCommand.Create(), WarmCommand.Create(), BenchCommand.Create(),
            McpCommand.Create(), ServeCommand.Create(), HealthCommand.Create(), BlobsCommand.Create(), CompletionCommand.Create(),
        };
        HelpPage.Use(root);
        Mistakes.Guard(root);
        // A question may begin with @, so @ does not name a file of arguments.
        ParserConfiguration configuration = new() { ResponseFileTokenReplacer = null };
        if (args.Length == 0 && !Session.IsPossible)
        {
            InvocationConfiguration toError = new() { Output = Console.Error };
            await root.Parse(["--help"], configuration).InvokeAsync(toError, cancellationToken);
            return Usage;
        }
        ParseResult parsed = root.Parse(args, configuration);
        if (args.Length > 0 && Mistakes.Find(root, parsed) is { } wrong)
        {
            // A sentence that ends with the line as it should be says all.
            string help = $" See {Mistakes.Path(parsed.CommandResult.Command)} --help.";
            WriteError(wrong.EndsWith('.') || wrong.EndsWith('?') ? wrong + help : wrong);
            return Usage;
        }
        try
        {
            InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return args.Length == 0
                ? await Session.RunAsync(cancellationToken)
                : await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Cancelled;
        }
        catch (BlipException exception)
        {
            WriteError(Describe(exception));
            return IsWrongEnvironment(exception) ? Usage : Failure;
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SocketException)
        {
            WriteError(exception.Message);
            return Failure;
        }
#pragma warning disable CA1031 // An error in blip itself is one line too.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            WriteError(DescribeInternal(exception));
            return Failure;
        }
    }

    /// <summary>Writes the message to stderr, always as one line.</summary>
    public static void WriteError(string message) => Console.Error.WriteLine($"blip: {Terminal.Clean(message.ReplaceLineEndings(" "))}");

    /// <summary>The message of an error and, where an option of the command helps, which.</summary>
    public static string Describe(BlipException exception) => exception.Code switch
    {
        BlipErrorCode.TooManyPixels => $"{exception.Message} {ModelOptions.MaxPixels.Name} allows more.",
        BlipErrorCode.ImageTooLarge => $"{exception.Message} {ModelOptions.MaxBytes.Name} allows more.",
        BlipErrorCode.Internal when exception.InnerException is { } cause => DescribeInternal(cause),
        _ => exception.Message,
    };

    /// <summary>As <see cref="Describe(BlipException)"/>, with the image's name in front where the message does not name it.</summary>
    public static string Describe(BlipException exception, string image)
    {
        string message = Describe(exception);
        return message.Contains(image, StringComparison.Ordinal) ? message : $"{image}: {message}";
    }

    private static string DescribeInternal(Exception exception) =>
        $"internal error, please report it with the command line: {exception.GetType().Name}: {exception.Message}";

    /// <summary>Whether the error is that a variable of the environment cannot be read.</summary>
    private static bool IsWrongEnvironment(BlipException exception)
    {
        try
        {
            _ = new HubCache();
            return false;
        }
        catch (BlipException wrong)
        {
            return wrong.Message == exception.Message;
        }
    }

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
}
