using System.Text;
using System.Text.Json;

namespace Blip.Cli;

/// <summary>A file of lines that the user names, or standard input as <c>-</c>.</summary>
internal static class InputLines
{
    public const string StandardInput = "-";

    /// <exception cref="BlipException">There is no such file.</exception>
    public static StreamReader Open(string path)
    {
        if (path == StandardInput)
            return new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        if (Directory.Exists(path))
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} is a directory, not a file of lines.");
        try
        {
            return new StreamReader(path, Encoding.UTF8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} cannot be read. Check the path and its permissions.", exception);
        }
    }

    /// <summary>The next line, <see langword="null"/> at the end. A read from a terminal or a pipe cannot be called back: when cancelled it is left alone.</summary>
    public static Task<string?> NextAsync(StreamReader lines, CancellationToken cancellationToken) =>
        lines.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellationToken);

    /// <summary>The JSON value of a line that must be a string.</summary>
    /// <exception cref="BlipException">It is not.</exception>
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
            // Said below, for every kind of line that is not a string.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not a JSON string.");
    }
}
