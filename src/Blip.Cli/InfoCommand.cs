using System.CommandLine;
using System.Globalization;
using Blip.Checkpoints;
using Blip.Cli.Terminals;

namespace Blip.Cli;

/// <summary><c>blip info</c>: describes a model.</summary>
internal static class InfoCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Write one JSON object." };

    public static Command Create()
    {
        Verb command = new(
            "info", "Show a model's architecture, sizes, files and digest.",
            "blip info",
            "blip info --model Salesforce/blip-vqa-base --json")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string model = parsed.GetRequiredValue(ModelOptions.Model);
        using Checkpoint checkpoint = await ModelOptions.OpenAsync(parsed, cancellationToken);
        BlipConfig config = checkpoint.Config;
        CheckpointTensor[] weights =
            [.. checkpoint.Tensors.Values.Where(t => t.Type != TensorType.Other).DistinctBy(t => (t.File, t.Offset))];
        long parameters = weights.Sum(t => t.ElementCount);
        string[] types = [.. weights.Select(t => t.Type.ToString().ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal)];
        string digest = checkpoint.ComputeDigest();
        if (parsed.GetValue(Json))
        {
            using JsonLines output = new();
            output.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("model", model);
                writer.WriteString("architecture", checkpoint.Architecture.Name);
                writer.WriteString("task", checkpoint.Architecture.Task);
                if (checkpoint.Adapter is { } merged)
                {
                    writer.WriteStartObject("adapter");
                    writer.WriteString("type", "LORA");
                    writer.WriteNumber("rank", merged.Rank);
                    writer.WriteString("base_model", BaseOf(parsed, merged));
                    writer.WriteEndObject();
                }
                writer.WriteNumber("parameters", parameters);
                writer.WriteString("dtype", string.Join(',', types));
                writer.WriteStartObject("vision");
                writer.WriteNumber("image_size", config.Vision.ImageSize);
                writer.WriteNumber("patch_size", config.Vision.PatchSize);
                writer.WriteNumber("hidden_size", config.Vision.HiddenSize);
                writer.WriteNumber("num_hidden_layers", config.Vision.NumHiddenLayers);
                writer.WriteNumber("num_attention_heads", config.Vision.NumAttentionHeads);
                writer.WriteEndObject();
                writer.WriteStartObject("text");
                writer.WriteNumber("vocab_size", config.Text.VocabSize);
                writer.WriteNumber("hidden_size", config.Text.HiddenSize);
                writer.WriteNumber("num_hidden_layers", config.Text.NumHiddenLayers);
                writer.WriteNumber("num_attention_heads", config.Text.NumAttentionHeads);
                writer.WriteNumber("max_position_embeddings", config.Text.MaxPositionEmbeddings);
                if (checkpoint.Architecture.HasDecoder)
                    writer.WriteBoolean("tied_head", checkpoint.IsHeadTied);
                writer.WriteEndObject();
                writer.WriteStartArray("files");
                foreach (CheckpointFile file in checkpoint.Files)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", file.Name);
                    writer.WriteNumber("bytes", file.Length);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteString("digest", digest);
                writer.WriteEndObject();
            });
            return 0;
        }

        Facts.Write("model", model);
        Facts.Write("architecture", checkpoint.Architecture.Name);
        Facts.Write("task", $"{checkpoint.Architecture.Task}. {checkpoint.Architecture.Use}");
        if (checkpoint.Adapter is { } adapter)
            Facts.Write("adapter", $"LoRA of rank {adapter.Rank}, merged into {BaseOf(parsed, adapter)}");
        Facts.Write("parameters", string.Create(CultureInfo.InvariantCulture, $"{parameters:N0}, stored as {string.Join(", ", types)}"));
        Facts.Write("vision", $"{config.Vision.ImageSize} px in patches of {config.Vision.PatchSize}, "
            + $"{config.Vision.NumHiddenLayers} layers of {config.Vision.HiddenSize}, {config.Vision.NumAttentionHeads} heads");
        Facts.Write("text", $"vocabulary {config.Text.VocabSize}, "
            + $"{checkpoint.Architecture.TextParts} {config.Text.NumHiddenLayers} layers of {config.Text.HiddenSize}, "
            + $"{config.Text.NumAttentionHeads} heads, {config.Text.MaxPositionEmbeddings} positions");
        string head = checkpoint.IsHeadTied ? "tied: the decoder's word embeddings" : "its own: not the decoder's word embeddings";
        if (checkpoint.Architecture.HasDecoder)
            Facts.Write("head", head);
        foreach (CheckpointFile file in checkpoint.Files)
            Facts.Write("file", string.Create(CultureInfo.InvariantCulture, $"{file.Name}, {file.Length:N0} bytes"));
        Facts.Write("digest", digest);
        return 0;

        static string? BaseOf(ParseResult parsed, AdapterConfig adapter) =>
            parsed.GetValue(ModelOptions.BaseModel) ?? adapter.BaseModel;
    }
}
