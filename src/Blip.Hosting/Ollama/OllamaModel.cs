using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Blip.AI;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Ollama;

/// <summary>The model that answers here, as Ollama's API describes models. Thread-safe.</summary>
internal sealed class OllamaModel(BlipService service, IOptions<BlipOptions> options, TimeProvider time)
{
    /// <summary>The version of Ollama's API that this follows. Some clients refuse versions that are too old.</summary>
    private const string ApiVersion = "0.13.0";

    private const string Tag = ":latest";
    private const int MaxNameLength = 100;

    private readonly string _name = ModelLocator.NameOf(options.Value.Model);
    private readonly DateTimeOffset _started = time.GetUtcNow();

    /// <summary>The name with its tag.</summary>
    public string Name => _name + Tag;

    /// <exception cref="FailureException">No model is named, or one that does not run here.</exception>
    public void Require(string? model)
    {
        if (string.IsNullOrEmpty(model))
            throw OllamaErrors.Invalid("model is required");
        string name = model.EndsWith(Tag, StringComparison.Ordinal) ? model[..^Tag.Length] : model;
        if (name == _name || name == BlipService.AnyModel)
            return;
        string shown = model.Length <= MaxNameLength ? model : model[..MaxNameLength] + "...";
        throw new FailureException(new Failure(
            StatusCodes.Status404NotFound, BlipErrorCode.ModelNotFound, $"model '{shown}' not found; this service has '{Name}'"));
    }

    public static Task WriteVersionAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("version", ApiVersion);
        writer.WriteEndObject();
    });

    /// <summary>Writes the list of models.</summary>
    public Task WriteTagsAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("models");
        writer.WriteStartObject();
        WriteHead(writer);
        writer.WriteString("modified_at", _started);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Writes the list of models in memory. A model stays there.</summary>
    public Task WriteRunningAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("models");
        if (service.IsReady)
        {
            writer.WriteStartObject();
            WriteHead(writer);
            writer.WriteString("expires_at", time.GetUtcNow().AddYears(100));
            writer.WriteNumber("size_vram", 0);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Writes what the model can do.</summary>
    public async Task ShowAsync(HttpContext context)
    {
        using (OllamaRequest request = await OllamaRequest.ReadAsync(context.Request).ConfigureAwait(false))
            Require(request.Text("model") ?? request.Text("name"));
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("modelfile", $"# A BLIP model for questions about images.\nFROM {_name}\n");
            writer.WriteString("parameters", "");
            writer.WriteString("template", "{{ .Prompt }}");
            WriteDetails(writer);
            writer.WriteStartObject("model_info");
            writer.WriteString("general.architecture", "blip");
            writer.WriteNumber("blip.context_length", 512);
            writer.WriteEndObject();
            writer.WriteStartArray("capabilities");
            writer.WriteStringValue("completion");
            writer.WriteStringValue("vision");
            writer.WriteEndArray();
            writer.WriteString("modified_at", _started);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private void WriteHead(Utf8JsonWriter writer)
    {
        writer.WriteString("name", Name);
        writer.WriteString("model", Name);
        writer.WriteNumber("size", 0);
        // It tells models apart. That of the weights would mean reading them all.
        writer.WriteString("digest", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_name))));
        WriteDetails(writer);
    }

    private void WriteDetails(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("details");
        writer.WriteString("parent_model", "");
        writer.WriteString("format", "safetensors");
        writer.WriteString("family", "blip");
        writer.WriteStartArray("families");
        writer.WriteStringValue("blip");
        writer.WriteEndArray();
        writer.WriteString("parameter_size", "");
        writer.WriteString("quantization_level", options.Value.Precision.ToString().ToUpperInvariant());
        writer.WriteEndObject();
    }
}
