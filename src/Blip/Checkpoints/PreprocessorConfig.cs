using System.Text.Json;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// How an image becomes numbers: preprocessor_config.json, or <c>image_processor</c> of processor_config.json. What is absent has
/// the default of transformers' <c>BlipImageProcessor</c>.
/// </summary>
public sealed record PreprocessorConfig
{
    private const string FileName = "preprocessor_config.json", NestedFileName = "processor_config.json";
    private const int Bicubic = 3;

    /// <summary>Pillow's names for its numbers.</summary>
    private static readonly string[] Filters = ["nearest", "Lanczos", "bilinear", "bicubic", "box", "Hamming"];

    private PreprocessorConfig()
    {
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; private init; } = 384;

    /// <summary>Height in pixels.</summary>
    public int Height { get; private init; } = 384;

    /// <summary>What a byte is multiplied by before it is normalised: 1/255, or 1 where nothing is rescaled.</summary>
    public double RescaleFactor { get; private init; } = 1 / 255.0;

    /// <summary>The mean of each channel, red, green, blue; zeros where nothing is normalised.</summary>
    public IReadOnlyList<float> ImageMean { get; private init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    /// <summary>The standard deviation of each channel; ones where nothing is normalised.</summary>
    public IReadOnlyList<float> ImageStd { get; private init; } = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>Reads a folder's preprocessor configuration and nothing else.</summary>
    /// <param name="directory">The model's folder. It need not hold any such file.</param>
    /// <exception cref="BlipModelException">
    /// The folder is missing, or the file is broken or asks for another resizing than bicubic.
    /// </exception>
    public static PreprocessorConfig Load(string directory) => Load(directory, new PreprocessorConfig().Width);

    /// <summary>Reads it where the model's size is known: a size that no file gives is the model's.</summary>
    internal static PreprocessorConfig Load(string directory, int side)
    {
        if (!Directory.Exists(directory))
            throw BlipModelException.NotFound($"There is no folder {directory}. Give a folder with a Hugging Face checkpoint.");
        if (JsonFile.Read(directory, FileName) is { } own)
            return Read(new ConfigSection(FileName, "", own), side);
        return JsonFile.Read(directory, NestedFileName) is { } nested
            ? Read(new ConfigSection(NestedFileName, "", nested).Section("image_processor"), side)
            : new PreprocessorConfig { Width = side, Height = side };
    }

    /// <summary>The same for images of another width and height in pixels.</summary>
    internal PreprocessorConfig ForImages(int size) => this with { Width = size, Height = size };

    /// <summary>A byte x of channel c becomes scale · x + shift.</summary>
    internal (double Scale, double Shift) Channel(int channel) =>
        (RescaleFactor / ImageStd[channel], -(double)ImageMean[channel] / ImageStd[channel]);

    private static PreprocessorConfig Read(ConfigSection section, int side)
    {
        if (section.Int("resample", Bicubic, 0, Filters.Length - 1) is var filter and not Bicubic)
            throw section.Unsupported("resample", $"it is {filter} ({Filters[filter]}), but Blip computes only {Bicubic} (bicubic)");
        if (section.Bool("do_center_crop", false))
            throw section.Unsupported("do_center_crop", "it is true, but Blip does not crop images");
        PreprocessorConfig defaults = new();
        (int width, int height) = ReadSize(section, side);
        bool normalize = section.Bool("do_normalize", true);
        return new PreprocessorConfig
        {
            Width = width,
            Height = height,
            RescaleFactor = section.Bool("do_rescale", true) ? section.Positive("rescale_factor", defaults.RescaleFactor, 1) : 1,
            ImageMean = normalize ? ReadChannels(section, "image_mean", defaults.ImageMean, least: -1000) : [0, 0, 0],
            ImageStd = normalize ? ReadChannels(section, "image_std", defaults.ImageStd, least: 1e-6f) : [1, 1, 1],
        };
    }

    private static (int Width, int Height) ReadSize(ConfigSection section, int fallback)
    {
        const int Most = 8192;
        if (!section.Bool("do_resize", true))
            throw section.Unsupported("do_resize", "it is false, but Blip resizes every image to the model's size");
        if (section.Find("size") is not { ValueKind: JsonValueKind.Object })
        {
            int side = section.Int("size", fallback, 1, Most);
            return (side, side);
        }
        ConfigSection size = section.Section("size");
        foreach (string key in (string[])["shortest_edge", "longest_edge", "max_height", "max_width"])
        {
            if (size.Find(key) is not null)
                throw size.Unsupported(key, "it keeps the ratio of an image's sides, but Blip resizes to height and width");
        }
        if (size.Find("height") is null || size.Find("width") is null)
            throw section.Invalid("size", "it must have height and width");
        return (size.Int("width", fallback, 1, Most), size.Int("height", fallback, 1, Most));
    }

    private static IReadOnlyList<float> ReadChannels(ConfigSection section, string key, IReadOnlyList<float> fallback, float least)
    {
        if (section.Find(key) is not { } value)
            return fallback;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 3)
        {
            float[] channels = new float[3];
            int read = 0;
            foreach (JsonElement number in value.EnumerateArray())
            {
                // A comparison with NaN is false.
                if (number.ValueKind != JsonValueKind.Number || !number.TryGetSingle(out float channel)
                    || !(channel >= least && channel <= 1000))
                    break;
                channels[read++] = channel;
            }
            if (read == 3)
                return channels;
        }
        throw section.Invalid(key, FormattableString.Invariant($"it must be three numbers from {least} to 1000"));
    }
}
