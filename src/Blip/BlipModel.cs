using System.Runtime.CompilerServices;
using Blip.Answering;
using Blip.Caching;
using Blip.Checkpoints;
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
/// as if asked alone. Images are read as its image processor on Pillow reads them, with two differences: they are
/// turned as the camera noted (<see cref="ImageOrientation"/>), and transparency is laid over white (<see cref="AlphaMode"/>).
/// </remarks>
public sealed partial class BlipModel : IBlipModel, IAsyncDisposable
{
    /// <summary>The name of the model that travels with the library: small, trained on drawn scenes, for trying things out.</summary>
    public const string DemoModel = "demo";

    private readonly Checkpoint _checkpoint;
    private readonly BertTokenizer _tokenizer;
    private readonly int _maxQuestionTokens;
    private readonly ImagePreprocessor _preprocessor;
    private readonly QuestionAnsweringNetwork _network;
    private readonly RequestGate _gate;
    private readonly SharedBudget _pixels;
    private readonly ImageCache _cache;
    private readonly ConditionalWeakTable<BlipImage, object> _keys = [];
    private readonly ModelRuns _runs;
    private readonly ModelTelemetry _telemetry;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _packing;
    private readonly Lock _digestGate = new();
    private readonly Lazy<Task> _disposal;
    private Task<string>? _digest;

    private BlipModel(LoadedModel loaded, BlipOptions options, BlipServices services, ModelTelemetry telemetry, ILogger logger)
    {
        TimeProvider time = services.TimeProvider ?? TimeProvider.System;
        DeviceSelection selection = loaded.Selection;
        Info = new BlipModelInfo(telemetry.Model, Name(selection.Device), Name(selection.Precision));
        (_checkpoint, _tokenizer, _network, _telemetry) = (loaded.Checkpoint, loaded.Tokenizer, loaded.Network, telemetry);
        BlipConfig config = _checkpoint.Config;
        _maxQuestionTokens = Math.Min(_tokenizer.MaxLength, config.Text.MaxPositionEmbeddings);
        _preprocessor = new ImagePreprocessor(config.Vision.ImageSize, config.Vision.ImageSize, options.Image, services.Decoder);
        _gate = new RequestGate(options.MaxRequests, time);
        _pixels = new SharedBudget(options.MaxPixelsInFlight);
        _cache = new ImageCache(options.ImageCacheBytes, telemetry.CacheChanged);
        _runs = new ModelRuns(_network, options, DescribeNonFinite, telemetry, time);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        _packing = options.PackWeights ? Task.Run(() => Pack(logger)) : Task.CompletedTask;

        static string Name<T>(T value)
            where T : struct, Enum => value.ToString().ToLowerInvariant();
    }

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info { get; }

    /// <summary>The model's sizes and special tokens.</summary>
    public BlipConfig Config => _checkpoint.Config;

    /// <summary>The file with computed weights that the next start maps, where there is one.</summary>
    internal string? CachedWeights => _network.Cache?.KeptFile;

    /// <summary>Why computed weights could not be kept, as a sentence, where they could not.</summary>
    internal string? CacheProblem => _network.CacheProblem;

    /// <summary>The images that are kept.</summary>
    internal ImageCache Cache => _cache;

    /// <summary>Loads a model.</summary>
    /// <param name="model">A hub id (<c>Salesforce/blip-vqa-capfilt-large</c>), a folder with a checkpoint, or <c>demo</c>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    public static Task<BlipModel> LoadAsync(string model = DemoModel, CancellationToken cancellationToken = default) =>
        LoadAsync(new BlipOptions { Model = model }, services: null, cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="options">Which model, where, and within which limits. Copied: later changes change nothing.</param>
    /// <param name="services">What it takes from the application; the defaults where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    /// <exception cref="BlipException">
    /// The device or the precision cannot be had here, a package is missing, or the model cannot be downloaded.
    /// </exception>
    public static Task<BlipModel> LoadAsync(
        BlipOptions options, BlipServices? services = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options.Copy();
        options.Validate();
        return Task.Run(() => LoadCoreAsync(options, services ?? new BlipServices(), cancellationToken), cancellationToken);
    }

    /// <summary>
    /// What tells this model from any other, as <see cref="Checkpoint.ComputeDigest"/>. The first call reads all weights, a second or so
    /// for the full-size model; later ones know it. It takes no place in the queue.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public async Task<string> GetDigestAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_gate.IsClosed, this);
        cancellationToken.ThrowIfCancellationRequested();
        Task<string> digest;
        lock (_digestGate)
        {
            // One for all: callers who waited in threads of the pool would keep them from those who ask questions.
            if (_digest is null or { IsFaulted: true })
                _digest = Task.Run(_checkpoint.ComputeDigest, CancellationToken.None);
            digest = _digest;
        }
        return await digest.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The text of one token of an answer: a special one as it is written, a continuing piece without its mark.</summary>
    /// <param name="token">One of <see cref="Answer.TokenIds"/>.</param>
    public string TokenToText(int token) => _tokenizer.TokenToText(Known(token));

    /// <summary>Waits for the questions under way, refuses new ones, and frees everything. Whoever calls it again waits, too.</summary>
    public ValueTask DisposeAsync() => new(_disposal.Value);

    private async Task DisposeOnceAsync()
    {
        await _gate.CloseAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _packing.ConfigureAwait(false);
        // A run whose callers have all gone may still be at work.
        await _runs.DrainAsync().ConfigureAwait(false);
        _cache.Dispose();
        _network.Dispose();
        _checkpoint.Dispose();
        _stop.Dispose();
    }

    private static async Task<BlipModel> LoadCoreAsync(BlipOptions options, BlipServices services, CancellationToken cancellationToken)
    {
        ILogger logger = services.LoggerFactory?.CreateLogger<BlipModel>() ?? NullLogger<BlipModel>.Instance;
        ModelTelemetry telemetry = new(ModelLocator.NameOf(options.Model), services.MeterFactory);
        ModelLoader loader = new(options, services.Progress, logger, telemetry.NativeBytesChanged);
        LoadedModel loaded = await loader.LoadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new BlipModel(loaded, options, services, telemetry, logger);
        }
        catch
        {
            loaded.Network.Dispose();
            loaded.Checkpoint.Dispose();
            throw;
        }
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

    private string DescribeNonFinite() => _checkpoint.FindNonFiniteTensor() is { } tensor
        ? $"tensor {tensor} holds NaN or infinity. Take the model's files anew from where they were published"
        : "a value grew beyond what the precision holds. Ask in fp32, or take the model's files anew";
}
