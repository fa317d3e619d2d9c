using Blip.Caching;
using Blip.Checkpoints;
using Blip.Hub;
using Blip.Images;
using Blip.Networks;
using Blip.Runtime;
using Blip.Scheduling;
using Blip.Telemetry;
using Blip.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip;

/// <summary>
/// A BLIP visual question answering model, ready to answer. Immutable and thread-safe: one instance serves a whole process, and
/// holds its one queue. Callers beyond <see cref="BlipOptions.MaxRequests"/> are refused with <see cref="BlipBusyException"/>.
/// </summary>
/// <remarks>
/// Answers are those of Python transformers' <c>generate</c> for <c>BlipForQuestionAnswering</c>, token for token, each question
/// as if asked alone. Images are read as its image processor on Pillow reads them, but for transparency, which is laid over white.
/// </remarks>
public sealed partial class BlipModel : IAsyncDisposable
{
    /// <summary>The name of the model that travels with the library: small, trained on drawn scenes, for trying things out.</summary>
    public const string DemoModel = "demo";

    private readonly Checkpoint _checkpoint;
    private readonly BertTokenizer _tokenizer;
    private readonly int _maxQuestionTokens;
    private readonly ImagePreprocessor _preprocessor;
    private readonly BlipNetwork _network;
    private readonly RequestGate _gate;
    private readonly PixelBudget _pixels;
    private readonly ImageCache _cache;
    private readonly SemaphoreSlim _slots;
    private readonly BlipOptions _options;
    private readonly BatchQueue<PixelTensor, ImageEmbeddings> _encodings;
    private readonly BatchQueue<ImageQuestion, QuestionResult> _asks;
    private readonly Lazy<Task<string>> _digest;
    private readonly ModelTelemetry _telemetry;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _packing;

    private BlipModel(DeviceSelection selection, Checkpoint checkpoint, BertTokenizer tokenizer, BlipNetwork network, BlipOptions options, IImageDecoder? decoder, ILogger logger)
    {
        Info = new BlipModelInfo(ModelLocator.NameOf(options.Model), selection.Device.ToString().ToLowerInvariant(), selection.Precision.ToString().ToLowerInvariant());
        _telemetry = new ModelTelemetry(Info.Name);
        _checkpoint = checkpoint;
        _tokenizer = tokenizer;
        _network = network;
        _options = options;
        BlipConfig config = checkpoint.Config;
        _maxQuestionTokens = Math.Min(tokenizer.MaxLength, config.Text.MaxPositionEmbeddings);
        _preprocessor = new ImagePreprocessor(config.Vision.ImageSize, config.Vision.ImageSize, options.Image, decoder);
        _gate = new RequestGate(options.MaxRequests, TimeProvider.System);
        _pixels = new PixelBudget(options.MaxPixelsInFlight);
        _cache = new ImageCache(options.ImageCacheBytes);
        _slots = new SemaphoreSlim(options.MaxConcurrentRuns);
        _encodings = new BatchQueue<PixelTensor, ImageEmbeddings>(_slots, 1, Encode, pixels => pixels.Dispose(), waits => _telemetry.RunStarts(BlipTelemetry.EncodeSpan, waits));
        _asks = new BatchQueue<ImageQuestion, QuestionResult>(_slots, options.MaxBatchSize, Ask, question => question.Embeddings.Release(), waits => _telemetry.RunStarts(BlipTelemetry.QuestionSpan, waits));
        _digest = new Lazy<Task<string>>(() => Task.Run(ComputeDigest));
        _packing = options.PackWeights ? Task.Run(() => Pack(logger)) : Task.CompletedTask;
    }

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info { get; }

    /// <summary>The model's sizes and special tokens.</summary>
    public BlipConfig Config => _checkpoint.Config;

    /// <summary>The file with computed weights that the next start maps, where there is one.</summary>
    internal string? CachedWeights => _network.Cache?.KeptFile;

    /// <summary>Loads a model.</summary>
    /// <param name="model">A hub id (<c>Salesforce/blip-vqa-capfilt-large</c>), a folder with a checkpoint, or <c>demo</c>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    public static Task<BlipModel> LoadAsync(string model = DemoModel, CancellationToken cancellationToken = default) =>
        LoadAsync(new BlipOptions { Model = model }, cancellationToken: cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="options">Which model, where, and within which limits.</param>
    /// <param name="decoder">Decodes images; SkiaSharp by default.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="logger">Told of oddities in the model's files.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    /// <exception cref="BlipException">The device or the precision cannot be had here, or the model cannot be downloaded.</exception>
    public static Task<BlipModel> LoadAsync(
        BlipOptions options, IImageDecoder? decoder = null, IProgress<LoadProgress>? progress = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Task.Run(() => LoadCoreAsync(options, decoder, progress, logger ?? NullLogger.Instance, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// What tells this model from any other, as <see cref="Checkpoint.ComputeDigest"/>. The first call reads all weights, a second or so for the full-size model; later ones know it.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<string> GetDigestAsync(CancellationToken cancellationToken = default) => _digest.Value.WaitAsync(cancellationToken);

    /// <summary>Waits for the questions under way, refuses new ones, and frees everything.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!await _gate.CloseAsync().ConfigureAwait(false))
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _packing.ConfigureAwait(false);
        // A run whose callers have all gone may still be at work.
        for (int i = 0; i < _options.MaxConcurrentRuns; i++)
            await _slots.WaitAsync().ConfigureAwait(false);
        _cache.Dispose();
        _network.Dispose();
        _checkpoint.Dispose();
        _slots.Dispose();
        _stop.Dispose();
    }

    private void Pack(ILogger logger)
    {
        try
        {
            _network.Pack(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The model is being disposed.
        }
#pragma warning disable CA1031 // The model answers without, whatever the reason.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            InferenceLog.NotPacked(logger, exception);
        }
    }

    private string ComputeDigest()
    {
        // The weights stay mapped as long as a request is under way.
        _gate.Enter();
        try
        {
            return _checkpoint.ComputeDigest();
        }
        finally
        {
            _gate.Leave();
        }
    }

    private static async Task<BlipModel> LoadCoreAsync(BlipOptions options, IImageDecoder? decoder, IProgress<LoadProgress>? progress, ILogger logger, CancellationToken cancellationToken)
    {
        // What this machine cannot do is said before anything is downloaded.
        OrtRuntime.EnsureEnvironment(options.Threads);
        DeviceSelection selection = DeviceSelection.Choose(options.Device, options.Precision, logger);
        HubProgressRelay? download = progress is null ? null : new HubProgressRelay(options.Model, progress);
        string folder = await ModelLocator.FindAsync(options.Model, options.Hub, download, logger, cancellationToken).ConfigureAwait(false);
        progress?.Report(new LoadProgress(LoadStage.Reading, options.Model));
        Checkpoint checkpoint = Checkpoint.Open(folder, new CheckpointOptions { ObeyHeadCount = options.ObeyHeadCount }, logger);
        BlipNetwork? network = null;
        try
        {
            BertTokenizer tokenizer = BertTokenizer.Load(checkpoint.Directory);
            if (tokenizer.VocabularySize > checkpoint.Config.Text.VocabSize)
            {
                throw new BlipModelException(
                    $"The tokenizer has {tokenizer.VocabularySize} entries, but config.json gives the model a vocabulary of {checkpoint.Config.Text.VocabSize}: " +
                    "take vocab.txt and tokenizer.json from the same model as the weights.");
            }
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new LoadProgress(LoadStage.Preparing, options.Model));
            network = Create(selection);
            if (options.Precision == BlipPrecision.Auto && selection.Precision == BlipPrecision.Int8)
            {
                DeviceSelection exact = selection with { Precision = BlipPrecision.Fp32 };
                double deviation = PrecisionProbe.Deviation(checkpoint, network, () => Create(exact), tokenizer, cancellationToken);
                if (deviation > PrecisionProbe.Acceptable)
                {
                    InferenceLog.Int8Deviates(logger, deviation);
                    network.Dispose();
                    network = Create(selection = exact);
                }
            }
            progress?.Report(new LoadProgress(LoadStage.Ready, options.Model));
            return new BlipModel(selection, checkpoint, tokenizer, network, options, decoder, logger);
        }
        catch
        {
            network?.Dispose();
            checkpoint.Dispose();
            throw;
        }

        BlipNetwork Create(DeviceSelection chosen) => new(checkpoint, chosen, options.Threads, options.CacheDirectory, options.GpuMemoryLimit);
    }

    private sealed class HubProgressRelay(string model, IProgress<LoadProgress> progress) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => progress.Report(new LoadProgress(LoadStage.Downloading, model, value));
    }
}
