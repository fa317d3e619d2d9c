using System.Text.Json;
using Blip.Files;
using Microsoft.Extensions.Logging;

namespace Blip.Checkpoints;

/// <summary>
/// The sizes of a BLIP model, from config.json. A key that is absent has the default of transformers'
/// <c>BlipTextConfig</c> and <c>BlipVisionConfig</c>.
/// </summary>
/// <param name="Text">Question encoder and answer decoder.</param>
/// <param name="Vision">Vision transformer.</param>
/// <param name="TieWordEmbeddings">
/// What the file says of the decoder's head and its word embeddings. The weights decide: see <see cref="Checkpoint.IsHeadTied"/>.
/// </param>
public sealed record BlipConfig(BlipTextConfig Text, BlipVisionConfig Vision, bool TieWordEmbeddings)
{
    /// <summary>How many numbers the embedding of an image or a text has, in a model that matches them.</summary>
    public int EmbeddingSize { get; init; } = 256;

    internal const string FileName = "config.json";

    /// <summary>The largest width and height of an image in pixels.</summary>
    internal const int MaxImageSize = 8192;

    private const int MaxTokens = 1 << 16;

    /// <summary>Opens a folder's config.json.</summary>
    /// <exception cref="BlipModelException">There is none, or it is broken.</exception>
    internal static ConfigSection OpenFile(string directory)
    {
        JsonElement root = JsonFile.Read(directory, FileName) ?? throw BlipModelException.NotFound(
            $"The model's folder has no {FileName}. " +
            (ForeignWeights.Describe(directory) ?? "Give a folder with a complete Hugging Face checkpoint."));
        return new ConfigSection(FileName, "", root);
    }

    /// <summary>Reads the sizes.</summary>
    /// <exception cref="BlipModelException">A key has a value that cannot be used.</exception>
    internal static BlipConfig Read(ConfigSection config, CheckpointOptions options, ILogger logger)
    {
        ConfigSection text = config.Section("text_config");
        bool tied = text.Bool("tie_word_embeddings", config.Bool("tie_word_embeddings", true));
        return new BlipConfig(ReadText(text, options, logger), ReadVision(config.Section("vision_config")), tied)
        {
            EmbeddingSize = config.Int("image_text_hidden_size", 256, 1, 16_384),
        };
    }

    /// <summary>The same model for images of another width and height in pixels.</summary>
    /// <exception cref="BlipException">There would be no patch, or too many.</exception>
    internal BlipConfig ForImages(int size)
    {
        int patch = Vision.PatchSize, most = Math.Min(MaxImageSize, ((((int)Math.Sqrt(MaxTokens - 1)) + 1) * patch) - 1);
        return size >= patch && size <= most
            ? this with { Vision = Vision with { ImageSize = size } }
            : throw new BlipException(
                BlipErrorCode.InvalidRequest,
                $"The image size is {size} pixels, but it must be {patch} (one patch) to {most} for this model.");
    }

    private static BlipTextConfig ReadText(ConfigSection text, CheckpointOptions options, ILogger logger)
    {
        int vocabulary = text.Int("vocab_size", 30524, 4, 10_000_000), width = Width(text);
        // Old configurations carry the class's default of 8 heads, though the published weights are made for 12.
        int heads = text.Int("num_attention_heads", 8, 1, width);
        if (heads == 8 && width == 768 && !options.ObeyHeadCount)
        {
            CheckpointLog.HeadCountCorrected(logger);
            heads = 12;
        }
        CheckHeads(text, heads, width);
        CheckLayers(text);
        int positions = text.Int("max_position_embeddings", 512, 3, MaxTokens);
        return new BlipTextConfig(
            vocabulary, width, Intermediate(text), Layers(text), heads, positions, Epsilon(text, 1e-12),
            Token("bos_token_id", 30522), Token("sep_token_id", 102), Token("pad_token_id", 0));

        int Token(string key, int fallback)
        {
            int id = text.Int(key, fallback, 0, int.MaxValue);
            return id < vocabulary ? id : throw text.Invalid(key, $"{id} is outside the vocabulary of {vocabulary} (vocab_size)");
        }
    }

    private static BlipVisionConfig ReadVision(ConfigSection vision)
    {
        int width = Width(vision), heads = vision.Int("num_attention_heads", 12, 1, width);
        CheckHeads(vision, heads, width);
        CheckLayers(vision);
        int size = vision.Int("image_size", 384, 1, MaxImageSize), patch = vision.Int("patch_size", 16, 1, size);
        BlipVisionConfig config = new(width, Intermediate(vision), Layers(vision), heads, size, patch, Epsilon(vision, 1e-5));
        if (config.TokenCount > MaxTokens)
        {
            throw vision.Unsupported(
                "patch_size", $"an image of {size} pixels would have {config.TokenCount} tokens; at most {MaxTokens} are possible");
        }
        return config;
    }

    private static int Width(ConfigSection section) => section.Int("hidden_size", 768, 1, 16_384);

    private static int Intermediate(ConfigSection section) => section.Int("intermediate_size", 3072, 1, 65_536);

    private static int Layers(ConfigSection section) => section.Int("num_hidden_layers", 12, 1, 256);

    private static float Epsilon(ConfigSection section, double fallback) => (float)section.Positive("layer_norm_eps", fallback, 1);

    private static void CheckHeads(ConfigSection section, int heads, int width)
    {
        // Absent means the class's default; null means nothing in transformers, and the weights cannot tell.
        if (section.IsNull("num_attention_heads"))
            throw section.Invalid("num_attention_heads", "it is null, but must be a whole number");
        if (width % heads != 0)
            throw section.Invalid("num_attention_heads", $"{heads} heads do not divide the width {width}");
    }

    private static void CheckLayers(ConfigSection section)
    {
        if (section.Text("hidden_act") is { } activation and not "gelu")
            throw section.Unsupported("hidden_act", $"it is {PlainFileName.Shown(activation)}, but Blip computes only gelu");
        if (section.Text("position_embedding_type") is { } type and not "absolute")
        {
            throw section.Unsupported(
                "position_embedding_type", $"it is {PlainFileName.Shown(type)}, but Blip computes only absolute positions");
        }
    }
}
