using System.Globalization;
using Blip.Cli.Asking;
using Blip.Cli.Terminals;
using Blip.Images;

namespace Blip.Cli.Interactive;

/// <summary><c>blip</c> alone in a terminal: drop an image, ask, ask again.</summary>
internal sealed class Session : IAsyncDisposable
{
    private const string Welcome = "Drop an image here, or type its path; then ask about it. Tab completes paths, Ctrl+D ends.";
    private const string Help = """
        a path, folder, pattern or address   the image, or images, that questions are about
        any other text                       a question about it
        PATH QUESTION                        both in one line
        /model ID|DIR                        another model
        /quit, or Ctrl+D                     ends; Ctrl+C stops an answer
        """;

    private readonly KeyQueue _keys = new();
    private readonly ImageReader _reader = new(ImageLimits.Default);
    private BlipModel _model;
    private ImageName[] _images = [];

    private Session(BlipModel model) => _model = model;

    /// <summary>Whether a person sits there: both ways lead to a terminal that can be written again.</summary>
    public static bool IsPossible => !Console.IsInputRedirected && Terminal.CanRedrawOutput;

    /// <summary>Runs until the person ends it.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using Session session = new(await ModelOptions.LoadAsync(new BlipOptions(), cancellationToken));
        await session.LoopAsync(cancellationToken);
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _model.DisposeAsync();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        Console.Out.WriteLine(Welcome);
        _keys.Start();
        LineEditor editor = new(_keys, PathCompletion.Complete, LineHistory.Open());
        while (await editor.ReadAsync(Prompt(), cancellationToken) is { } line)
        {
            line = line.Trim();
            if (line is "/quit" or "/exit" or "exit" or "quit")
                return;
            if (line.Length > 0)
                await InterruptiblyAsync(token => ObeyAsync(line, token), cancellationToken);
        }
    }

    private string Prompt()
    {
        string name = _images switch
        {
            [] => "image",
            [var only] => Path.GetFileName(only.Name) is { Length: > 0 } file ? file : only.Name,
            _ => string.Create(CultureInfo.InvariantCulture, $"{_images.Length} images"),
        };
        name = Terminal.Clean(name);
        int columns = Math.Max(Terminal.OutputWidth / 3, 1);
        return (Terminal.Cells(name) > columns ? Terminal.Fit(name, columns) : name) + "> ";
    }

    /// <summary>Does one line's work. Ctrl+C ends that work alone, and an error is a line.</summary>
    private async Task InterruptiblyAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _keys.OnInterrupt(stop.Cancel);
        try
        {
            await work(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Console.Out.WriteLine("stopped");
        }
        catch (BlipException exception)
        {
            CommandLine.WriteError(CommandLine.Describe(exception));
        }
        finally
        {
            _keys.OnInterrupt(null);
        }
    }

    private async Task ObeyAsync(string line, CancellationToken cancellationToken)
    {
        if (line is "/help" or "help" or "?")
            Console.Out.WriteLine(Help);
        else if (DroppedPaths.First(line) is ("/model", var id))
            await ChangeModelAsync(id, cancellationToken);
        else if (FindImages(line) is { } words)
            await TakeAsync(words, cancellationToken);
        else if (DroppedPaths.First(line) is var (first, question) && question.Length > 0 && IsThere(DroppedPaths.ToPath(first)))
        {
            await TakeAsync([DroppedPaths.ToPath(first)], cancellationToken);
            await AskAsync(question, cancellationToken);
        }
        else if (ImageNames.IsPathLike(line) && !line.Contains(' ', StringComparison.Ordinal))
            throw new BlipException(BlipErrorCode.FileNotFound, $"There is no file {line}.");
        else if (_images.Length == 0)
            CommandLine.WriteError("An image comes first: drop one here, or type its path or address.");
        else
            await AskAsync(line, cancellationToken);
    }

    /// <summary>The words of a line that names images alone.</summary>
    private static string[]? FindImages(string line)
    {
        string whole = DroppedPaths.ToPath(line);
        if (File.Exists(whole) || Directory.Exists(whole))
            return [whole];
        string[] words = [.. DroppedPaths.Split(line).Select(DroppedPaths.ToPath)];
        return words.Length > 0 && Array.TrueForAll(words, IsThere) ? words : null;
    }

    private static bool IsThere(string word) => word != InputLines.StandardInput
        && (AskWords.IsThere(word) || ImageNames.IsPattern(word));

    /// <summary>Makes the images those that questions are about. One alone is encoded at once, so that the first answer is quick.</summary>
    private async Task TakeAsync(string[] words, CancellationToken cancellationToken)
    {
        ImageName[] images = [.. ImageNames.Expand(words, recursive: false)];
        if (images is [{ Error: { } error }])
            throw error;
        if (images is [var only])
        {
            BlipImage image = await _reader.ReadAsync(only.Name, cancellationToken);
            using EncodedImage encoded = await _model.EncodeAsync(image, cancellationToken);
            ImageHeader header = image.ReadHeader();
            Console.Out.WriteLine(Terminal.Dim(string.Create(
                CultureInfo.InvariantCulture, $"{header.Format.ToString().ToUpperInvariant()}, {header.Width} x {header.Height}")));
        }
        _images = images;
    }

    private async Task AskAsync(string question, CancellationToken cancellationToken)
    {
        using AnswerPrinter printer = AnswerPrinter.Create(
            AnswerForm.Text, verbose: false, [.. _images.Select(image => image.Name)], [question]);
        await AskCommand.AskAsync(_model, _images, [question], AskOptions.Default, _reader, printer, cancellationToken);
    }

    private async Task ChangeModelAsync(string id, CancellationToken cancellationToken)
    {
        if (id.Length == 0)
        {
            Console.Out.WriteLine(ModelOptions.Describe(_model.Info));
            return;
        }
        BlipModel next = await ModelOptions.LoadAsync(new BlipOptions { Model = DroppedPaths.ToPath(id) }, cancellationToken);
        await _model.DisposeAsync();
        _model = next;
    }
}
