using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary>The one model that answers here: <c>GET /v1/models</c>, and its name in requests. Thread-safe.</summary>
internal sealed class ServedModel(IOptions<BlipOptions> options, IOptions<ImageSourceOptions> sources, TimeProvider time)
{
    /// <summary>Those that every decoder reads as a rule.</summary>
    private static readonly string[] Formats = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"];

    private readonly DateTimeOffset _started = time.GetUtcNow();

    public string Name { get; } = ModelLocator.NameOf(options.Value.Model);

    /// <exception cref="BlipException">A request names another model: <see cref="BlipErrorCode.ModelNotFound"/>.</exception>
    public void Require(string? model)
    {
        if (model is not null && model != Name && model != BlipService.AnyModel)
        {
            throw new BlipException(
                BlipErrorCode.ModelNotFound,
                "This service has no model with that name. GET /v1/models has the right name; 'blip' works too.");
        }
    }

    public Task ListAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public Task GetAsync(HttpContext context)
    {
        Require(context.Request.RouteValues["id"] as string);
        return Bodies.WriteJsonAsync(context, Write);
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Name);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", _started.ToUnixTimeSeconds());
        writer.WriteString("owned_by", "blip");
        // Not of OpenAI's: what this service can do, and what it takes.
        writer.WriteStartArray("capabilities");
        foreach (string capability in (ReadOnlySpan<string>)["ask", "choices", "beams", "explain"])
            writer.WriteStringValue(capability);
        writer.WriteEndArray();
        writer.WriteStartObject("limits");
        writer.WriteNumber("bytes", sources.Value.MaxBytes);
        writer.WriteStartArray("formats");
        foreach (string format in Formats)
            writer.WriteStringValue(format);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
