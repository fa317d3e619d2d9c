using System.Text.Encodings.Web;
using System.Text.Json;
using Blip.Cli.Terminals;

namespace Blip.Cli;

/// <summary>Writes JSON lines to stdout: one object on each line. Each line is flushed, so that a reader gets it at once.</summary>
internal sealed class JsonLines : IDisposable
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    private readonly Stream _output = StandardStream.Output;
    private readonly Utf8JsonWriter _writer;

    public JsonLines() => _writer = new Utf8JsonWriter(_output, Readable);

    /// <summary>Letters beyond ASCII stay readable. Line ends and quotes are still escaped.</summary>
    public static JsonWriterOptions Readable { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(Action<Utf8JsonWriter> write)
    {
        write(_writer);
        _writer.Flush();
        _output.Write(NewLine);
        _output.Flush();
        _writer.Reset();
        OutputPipe.ThrowIfClosed();
    }

    public void Dispose() => _writer.Dispose();
}
