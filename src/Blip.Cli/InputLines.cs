using System.Text;
using System.Text.Json;
using Blip.Cli.Terminals;
using Blip.Hub;

namespace Blip.Cli;

/// <summary>Reads lines from a file that the user names. <c>-</c> is standard input.</summary>
internal static class InputLines
{
    public const string StandardInput = "-";

    /// <summary>Stands for bytes that are not UTF-8: three noncharacters, which texts may hold one by one, but not in this order.</summary>
    private const string NotUtf8 = "\uFFFF\uFDD0\uFFFE";

    private static readonly Encoding Marking = Encoding.GetEncoding(
        "utf-8", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback(NotUtf8));

    /// <summary>
    /// Throws a <see cref="DecoderFallbackException"/> where bytes are not UTF-8. It must know its byte order mark: a reader that has to
    /// find the mark by itself goes on with an encoding of its own, which throws nothing.
    /// </summary>
    public static Encoding Utf8 { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    /// <summary>
    /// Opens lines that may come one by one, out of a pipe too. A line without an end is refused when it is read; of one that is not UTF-8,
    /// <see cref="IsUtf8"/> is false.
    /// </summary>
    /// <exception cref="BlipException">There is no such file.</exception>
    public static StreamReader Open(string path) => new(new EndingLines(OpenStream(path), path), Marking);

    /// <summary>Opens lines of a file that is read as a whole, else as <see cref="Open(string)"/>.</summary>
    /// <exception cref="BlipException">There is no such file, or it is a pipe or a device, which may have no end.</exception>
    public static StreamReader OpenOrdinary(string path) => Open(path, Marking);

    /// <summary>Whether the bytes of a line were UTF-8.</summary>
    public static bool IsUtf8(string line) => !line.Contains(NotUtf8, StringComparison.Ordinal);

    /// <summary>Opens a file that is read as a whole; <paramref name="encoding"/> says what happens where it is not well-formed.</summary>
    /// <exception cref="BlipException">There is no such file, or it is a pipe or a device, which may have no end.</exception>
    public static StreamReader Open(string path, Encoding encoding)
    {
        RequireOrdinary(path);
        return new StreamReader(OpenStream(path), encoding);
    }

    /// <summary>Refuses a pipe or a device by its name; a pipe that is open already (<c>/dev/fd/63</c>) has its end.</summary>
    /// <exception cref="BlipException">It is one.</exception>
    public static void RequireOrdinary(string path)
    {
        try
        {
            if (HubFileSystem.LengthOf(path) is not 0)
                return;
            // Opening a pipe only to read would wait for a writer.
            using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            if (file.CanSeek && file.ReadByte() < 0)
                return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whoever reads or writes it says why it cannot be.
            return;
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, $"{path} is a pipe or a device. Name an ordinary file.");
    }

    /// <summary>Reads the lines that are not empty, without the space around them.</summary>
    /// <exception cref="BlipException">There is no such file, or it is not UTF-8.</exception>
    public static string[] ReadTexts(string path) => ReadText(path).ReplaceLineEndings("\n")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Reads a file as a whole.</summary>
    /// <exception cref="BlipException">There is no such file, or it is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        using StreamReader text = Open(path, Utf8);
        try
        {
            return text.ReadToEnd();
        }
        catch (DecoderFallbackException exception)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{path} is not text in UTF-8.", exception);
        }
    }

    private static Stream OpenStream(string path)
    {
        if (path == StandardInput)
            return OpenStandardInput();
        if (Directory.Exists(path))
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} is a directory, not a file of lines.");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} cannot be read. Check the path and its permissions.", exception);
        }
    }

    /// <exception cref="BlipException">Standard input is closed.</exception>
    public static Stream OpenStandardInput() => FindError() is { } error ? throw error : Console.OpenStandardInput();

    /// <summary>Why nothing can be read from standard input; <see langword="null"/> where something may come.</summary>
    public static BlipException? FindError() => !StandardFiles.IsClosed(StandardFiles.Input) ? null
        : new BlipException(BlipErrorCode.InvalidRequest, "Standard input is closed. Pipe something in, or name a file.");

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
            {
                return IsUtf8(line) ? document.RootElement.GetString()!
                    : throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not text in UTF-8.");
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The error below is for every line that is not a string.
        }
        throw new BlipException(BlipErrorCode.InvalidRequest, "The line is not a JSON string.");
    }
}
