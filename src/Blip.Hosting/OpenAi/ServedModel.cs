using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.AI.Searching;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// The models that answer here: <c>GET /v1/models</c>, and their names in requests. The first is that of <c>/api/ask</c>. Thread-safe.
/// </summary>
internal sealed class ServedModel(
    IOptions<BlipOptions> options, IOptions<ImageSourceOptions> sources, BlipCaptionService captions, BlipMatchService matches,
    TimeProvider time, IImageSearch? search = null)
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

    /// <exception cref="BlipException">A request for embeddings names a model that makes none here.</exception>
    public void RequireMatch(string? model)
    {
        if (model != matches.ModelName)
            Require(model);
    }

    public Task ListAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (string name in Names)
            Write(writer, name);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public Task GetAsync(HttpContext context)
    {
        string? id = context.Request.RouteValues["id"] as string;
        string name = Names.FirstOrDefault(name => name == id, Name);
        if (name == Name)
            Require(id);
        return Bodies.WriteJsonAsync(context, writer => Write(writer, name));
    }

    private IEnumerable<string> Names => ((string?[])[Name, captions.ModelName, matches.ModelName]).OfType<string>().Distinct();

    private void Write(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("id", name);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", _started.ToUnixTimeSeconds());
        writer.WriteString("owned_by", "blip");
        // Not of OpenAI's: what this service can do, and what it takes.
        writer.WriteStartArray("capabilities");
        foreach (string capability in (ReadOnlySpan<string>)["ask", "choices", "beams", "explain", "frames", "score"])
            writer.WriteStringValue(capability);
        if (captions.IsConfigured)
            writer.WriteStringValue("caption");
        if (matches.IsConfigured)
            writer.WriteStringValue("match");
        if (search is { IsConfigured: true })
            writer.WriteStringValue("search");
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
