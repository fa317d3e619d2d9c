using System.Text.Encodings.Web;
using System.Text.Json;

namespace Blip.Cli;

/// <summary>JSON lines on stdout: one object a line, flushed line by line so that a reader sees each as it comes.</summary>
internal sealed class JsonLines : IDisposable
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Utf8JsonWriter _writer;

    // Text stays readable; what would end a line or a string is still escaped.
    public JsonLines() => _writer = new Utf8JsonWriter(_output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public void Write(Action<Utf8JsonWriter> write)
    {
        write(_writer);
        _writer.Flush();
        _output.Write(NewLine);
        _output.Flush();
        _writer.Reset();
        OutputPipe.ThrowIfClosed();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _output.Dispose();
    }
}
