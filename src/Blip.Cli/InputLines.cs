using System.Text;
using System.Text.Json;
using Blip.Cli.Terminals;

namespace Blip.Cli;

/// <summary>Reads lines from a file that the user names. <c>-</c> is standard input.</summary>
internal static class InputLines
{
    public const string StandardInput = "-";

    /// <exception cref="BlipException">There is no such file.</exception>
    public static StreamReader Open(string path) => Open(path, Encoding.UTF8);

    /// <summary>The same for a text that must be well-formed; <paramref name="encoding"/> says what happens where it is not.</summary>
    /// <exception cref="BlipException">There is no such file.</exception>
    public static StreamReader Open(string path, Encoding encoding)
    {
        if (path == StandardInput)
            return new StreamReader(OpenStandardInput(), encoding);
        if (Directory.Exists(path))
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} is a directory, not a file of lines.");
        try
        {
            return new StreamReader(path, encoding);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} cannot be read. Check the path and its permissions.", exception);
        }
    }

    /// <summary>Reads the lines that are not empty, without the space around them.</summary>
    /// <exception cref="BlipException">There is no such file, or it is not UTF-8.</exception>
    public static string[] ReadTexts(string path)
    {
        const StringSplitOptions Tidy = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        using StreamReader text = Open(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return text.ReadToEnd().ReplaceLineEndings("\n").Split('\n', Tidy);
        }
        catch (DecoderFallbackException exception)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{path} is not text in UTF-8.", exception);
        }
    }

    /// <exception cref="BlipException">Standard input is closed.</exception>
    public static Stream OpenStandardInput() => FindError() is { } error ? throw error : Console.OpenStandardInput();

    /// <summary>Why nothing can be read from standard input; <see langword="null"/> where something may come.</summary>
    public static BlipException? FindError() => !IsStandardInputClosed() ? null
        : new BlipException(BlipErrorCode.InvalidRequest, "Standard input is closed. Pipe something in, or name a file.");

    /// <summary>
    /// Whether this process was started without standard input. What .NET opens first, a pipe of its own, may have taken its place, and
    /// a read of that never ends. Linux alone tells.
    /// </summary>
    public static bool IsStandardInputClosed()
    {
        if (StandardFiles.IsInputFilled)
            return true;
        const string Folder = "/proc/self/fd";
        if (!OperatingSystem.IsLinux() || !Directory.Exists(Folder))
            return false;
        string? input = new FileInfo(Folder + "/0").LinkTarget;
        return input is null || (input.StartsWith("pipe:", StringComparison.Ordinal)
            && new DirectoryInfo(Folder).EnumerateFiles().Any(file => Target(file) == input && IsWriteEnd(file.Name)));

        static string? Target(FileInfo file)
        {
            try
            {
                return file.LinkTarget;
            }
            catch (IOException)
            {
                // Closed since it was listed.
                return null;
            }
        }

        static bool IsWriteEnd(string number) => File.ReadLines($"/proc/self/fdinfo/{number}").Any(line =>
            line.StartsWith("flags:", StringComparison.Ordinal) && line[^1] == '1');
    }

    /// <summary>
    /// Reads the next line; <see langword="null"/> at the end. A read from a terminal or a pipe cannot be cancelled, so on cancellation
    /// nobody waits for it any more.
    /// </summary>
    public static Task<string?> NextAsync(StreamReader lines, CancellationToken cancellationToken) =>
        lines.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellationToken);

    /// <summary>Reads a line that must be a JSON string.</summary>
    /// <exception cref="BlipException">The line is not a JSON string.</exception>
    public static string ReadString(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.String)
                return document.RootElement.GetString()!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The error below is for every line that is not a string.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not a JSON string.");
    }
}
