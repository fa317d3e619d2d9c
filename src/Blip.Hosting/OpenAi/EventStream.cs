using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// Server-sent events. An answer is short: it is complete before the first event, so nothing can fail between two events, and all are sent
/// at once.
/// </summary>
internal sealed class EventStream
{
    private readonly ArrayBufferWriter<byte> _events = new(4096);

    /// <param name="write">Writes the event's data.</param>
    /// <param name="name">The event's name; <see langword="null"/> for none.</param>
    public void Add(Action<Utf8JsonWriter> write, string? name = null)
    {
        if (name is not null)
            _events.Write(Encoding.UTF8.GetBytes($"event: {name}\n"));
        _events.Write("data: "u8);
        Bodies.WriteJson(_events, write);
        _events.Write("\n\n"u8);
    }

    /// <summary>The mark behind the last chunk of a chat completion.</summary>
    public void AddDone() => _events.Write("data: [DONE]\n\n"u8);

    public async Task SendAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.Body.WriteAsync(_events.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }
}
