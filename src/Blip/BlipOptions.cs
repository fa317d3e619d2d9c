using System.ComponentModel.DataAnnotations;
using Blip.Checkpoints;
using Blip.Hub;
using Blip.Images;
using Blip.Runtime;

namespace Blip;

/// <summary>
/// How a model is loaded and how much memory and time it may take. Settable so that it binds to configuration; read once at load.
/// </summary>
public sealed class BlipOptions
{
    // 1 TiB. The error about a value above 10^15 would write it as 1E+15.
    private const long Most = 1L << 40;

    /// <summary>The most network runs at once.</summary>
    internal const int MostRuns = 64;

    /// <summary>
    /// A hub id (<c>Salesforce/blip-vqa-capfilt-large</c>), a folder with a checkpoint, or <c>demo</c>, the default. Also a hub id or
    /// a folder of a LoRA adapter as PEFT saves it: it is merged into its base model.
    /// </summary>
    [Required]
    public string Model { get; set; } = BlipModel.DemoModel;

    /// <summary>
    /// The base model of the adapter that <see cref="Model"/> is: a hub id, a folder, or <c>demo</c>. By default what the adapter says.
    /// </summary>
    public string? BaseModel { get; set; }

    /// <summary>Where a hub id is downloaded from and kept; by default as the environment variables of the Python client say.</summary>
    public HubOptions? Hub { get; set; }

    /// <summary>Where the model runs. By default CUDA where it works, otherwise the CPU.</summary>
    [EnumDataType(typeof(BlipDevice))]
    public BlipDevice Device { get; set; }

    /// <summary>The number format in which it computes. By default fp32 on a CPU and fp16 on CUDA.</summary>
    [EnumDataType(typeof(BlipPrecision))]
    public BlipPrecision Precision { get; set; }

    /// <summary>
    /// Width and height of the model's input, in pixels, 1 to 8,192; by default what the model was trained with. Time grows
    /// with the square. For another size the model's positions are interpolated as transformers' <c>interpolate_pos_encoding</c> does it;
    /// how good the answers are then depends on the model.
    /// </summary>
    [Range(1, BlipConfig.MaxImageSize)]
    public int? ImageSize { get; set; }

    /// <summary>How images are converted to the model's input, and how large they may be.</summary>
    public ImageOptions Image { get; set; } = new();

    /// <summary>The most requests under way and waiting; another one is refused as busy. 256 by default.</summary>
    [Range(1, 1_000_000)]
    public int MaxRequests { get; set; } = 256;

    /// <summary>
    /// The most decoded pixels of all requests together. An image that does not fit waits, not yet decoded. 1 to 2^40,
    /// 100,000,000 by default.
    /// </summary>
    [Range(1, Most)]
    public long MaxPixelsInFlight { get; set; } = 100_000_000;

    /// <summary>
    /// Runs of the networks at the same time that share all threads, at least <see cref="Parallel"/>. 1 by default: on a CPU more gain
    /// nothing.
    /// </summary>
    [Range(1, MostRuns)]
    public int MaxConcurrentRuns { get; set; } = 1;

    /// <summary>The most questions that share a run. 16 by default.</summary>
    [Range(1, 256)]
    public int MaxBatchSize { get; set; } = 16;

    /// <summary>
    /// The most tokens of all questions that share a run; a longer question runs alone. 1 to 8,192, 512 by default: in a larger run each
    /// token takes more time and memory.
    /// </summary>
    [Range(1, 8_192)]
    public int MaxBatchTokens { get; set; } = 512;

    /// <summary>
    /// Threads for the networks, over all models of the process; 0, the default, takes one for each processor that the process may use
    /// (<see cref="Environment.ProcessorCount"/>, which respects the quota of a container). The first model of a process decides.
    /// </summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary>
    /// Runs of the networks side by side. They share <see cref="Threads"/>, and the weights are in memory once: 1 to 64, and at most
    /// as many as there are threads. 1 by default: a run with all threads gives the first answer earliest. More runs answer more questions
    /// a second, but each answer comes later. Each run has one thread of its own, and uses the other threads that are free.
    /// </summary>
    [Range(1, MostRuns)]
    public int Parallel { get; set; } = 1;

    /// <summary>
    /// How many bytes of encoded images are kept. 256 MiB by default: about 150 images of the full-size model; an image with many questions
    /// takes 44 MB while there is space.
    /// </summary>
    [Range(0, Most)]
    public long ImageCacheBytes { get; set; } = 256L << 20;

    /// <summary>
    /// Which GPU, counted from 0: 1 is <c>cuda:1</c>, <c>device_id</c> 1 of ONNX Runtime. 0 by default; ignored on a CPU.
    /// </summary>
    [Range(0, 255)]
    public int DeviceId { get; set; }

    /// <summary>
    /// The most device memory in bytes that each of the six networks may take on CUDA, its weights included; <see langword="null"/>, the
    /// default, sets no limit.
    /// </summary>
    [Range(1, Most)]
    public long? GpuMemoryLimit { get; set; }

    /// <summary>
    /// The folder where int8 weights are kept between starts. By default the environment's <c>BLIP_CACHE</c>, else <c>blip</c> in the
    /// user's cache folder; empty keeps nothing. <c>~</c> at its start means the user's home.
    /// </summary>
    public string? CacheDirectory { get; set; }

    /// <summary>
    /// Whether a model in fp32 on a CPU, after its first answer, copies its text networks' weights into ONNX Runtime's own layout, while it
    /// continues to answer: a further question then takes about four fifths of the time. Takes a few seconds of one core, and 0.5 GB more
    /// while it does, for the full-size model, and changes the last digits of probabilities. False by default.
    /// </summary>
    public bool PackWeights { get; set; }

    /// <summary>
    /// Whether <c>num_attention_heads</c> is used as the file says, even where the text configuration has the old error of 8 heads at width
    /// 768. False by default: it is read as 12, as the weights are made for.
    /// </summary>
    public bool ObeyHeadCount { get; set; }

    /// <summary>How many runs work at once.</summary>
    internal int Runs => Math.Max(MaxConcurrentRuns, Parallel);

    /// <summary>The threads of ONNX Runtime's pool: to those that it counts comes the thread of each further run.</summary>
    internal int PoolThreads => OrtRuntime.Count(Threads) - Parallel + 1;

    /// <summary>As <see cref="Runtime.SessionFactory.ProfileFolder"/>.</summary>
    internal string? ProfileFolder { get; set; }

    /// <summary>A copy, which later changes do not reach. <see cref="Image"/> and <see cref="Hub"/> cannot be changed.</summary>
    internal BlipOptions Copy() => (BlipOptions)MemberwiseClone();

    /// <summary>
    /// Says that parallel runs are more than the threads; <see langword="null"/> where they are not, or are out of range anyway.
    /// </summary>
    /// <param name="name">What the caller calls it.</param>
    /// <param name="parallel">As <see cref="Parallel"/>.</param>
    /// <param name="threads">As <see cref="Threads"/>.</param>
    internal static string? FindParallelMistake(string name, int parallel, int threads)
    {
        int most = Math.Max(1, OrtRuntime.Count(threads));
        return parallel <= MostRuns && parallel > most ? FormattableString.Invariant(
            $"{name} is {parallel}, but must be at most {most}: each run needs a thread of its own.") : null;
    }

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Model);
        if (BaseModel is not null)
            ArgumentException.ThrowIfNullOrWhiteSpace(BaseModel);
        ArgumentNullException.ThrowIfNull(Image);
        ThrowUnless(Enum.IsDefined(Device), nameof(Device), (long)Device);
        ThrowUnless(Enum.IsDefined(Precision), nameof(Precision), (long)Precision);
        ThrowUnless(ImageSize is null or (>= 1 and <= BlipConfig.MaxImageSize), nameof(ImageSize), ImageSize ?? 0);
        ThrowUnless(MaxRequests is >= 1 and <= 1_000_000, nameof(MaxRequests), MaxRequests);
        ThrowUnless(MaxPixelsInFlight is >= 1 and <= Most, nameof(MaxPixelsInFlight), MaxPixelsInFlight);
        ThrowUnless(MaxConcurrentRuns is >= 1 and <= MostRuns, nameof(MaxConcurrentRuns), MaxConcurrentRuns);
        ThrowUnless(MaxBatchSize is >= 1 and <= 256, nameof(MaxBatchSize), MaxBatchSize);
        ThrowUnless(MaxBatchTokens is >= 1 and <= 8_192, nameof(MaxBatchTokens), MaxBatchTokens);
        ThrowUnless(Threads is >= 0 and <= 1024, nameof(Threads), Threads);
        ThrowUnless(Parallel is >= 1 and <= MostRuns, nameof(Parallel), Parallel);
        if (FindParallelMistake(nameof(Parallel), Parallel, Threads) is { } mistake)
            throw new ArgumentException(mistake, nameof(Parallel));
        ThrowUnless(ImageCacheBytes is >= 0 and <= Most, nameof(ImageCacheBytes), ImageCacheBytes);
        ThrowUnless(DeviceId is >= 0 and <= 255, nameof(DeviceId), DeviceId);
        ThrowUnless(GpuMemoryLimit is null or (>= 1 and <= Most), nameof(GpuMemoryLimit), GpuMemoryLimit ?? 0);

        static void ThrowUnless(bool inRange, string name, long value)
        {
            if (!inRange)
                throw new ArgumentOutOfRangeException(name, value, "The option is out of range; its documentation gives the limits.");
        }
    }
}
