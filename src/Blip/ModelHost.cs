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
/// What models of every kind share: the one queue of requests, images that are decoded and encoded once and kept, and the end.
/// Thread-safe.
/// </summary>
/// <typeparam name="TNetwork">The network of the kind.</typeparam>
internal sealed class ModelHost<TNetwork> : IAsyncDisposable
    where TNetwork : ImageNetwork
{
    private readonly ImageEncoder _images;
    private readonly RequestGate _gate;
    private readonly ModelTelemetry _telemetry;
    private readonly SharedImages? _shared;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _packing;
    private readonly Lock _digestGate = new();
    private readonly Lazy<Task> _disposal;
    private Task<string>? _digest;

    private ModelHost(
        ModelKind<TNetwork> kind, LoadedModel<TNetwork> loaded, BlipOptions options, BlipServices services, ModelTelemetry telemetry,
        ILogger logger)
    {
        TimeProvider time = services.TimeProvider ?? TimeProvider.System;
        DeviceSelection selection = loaded.Selection;
        Info = new BlipModelInfo(telemetry.Model, Name(selection.Device), Name(selection.Precision));
        (Checkpoint, Tokenizer, Network, _telemetry) = (loaded.Checkpoint, loaded.Tokenizer, loaded.Network, telemetry);
        BlipConfig config = Checkpoint.Config;
        MaxTextTokens = Math.Min(Tokenizer.MaxLength, config.Text.MaxPositionEmbeddings);
        ImagePreprocessor preprocessor = new(config.Vision.ImageSize, config.Vision.ImageSize, options.Image, services.Decoder);
        _gate = new RequestGate(options.MaxRequests, time, kind.Owner);
        // What stays on a device is gone with the session that made it.
        _shared = Network.KeepsResults ? null : services.SharedImages;
        Cache = _shared is null ? CreateCache() : _shared.Join(
            $"{Checkpoint.VisionSettings} {Info.Device} {Info.Precision}", Checkpoint.ComputeVisionDigest, CreateCache);
        Runs = new ImageRuns(Network, options, DescribeNonFinite, telemetry, time);
        _images = new ImageEncoder(Network, Runs, Cache, preprocessor, new SharedBudget(options.MaxPixelsInFlight), telemetry);
        _disposal = new Lazy<Task>(DisposeOnceAsync);
        _packing = options.PackWeights ? Task.Run(() => Pack(logger)) : Task.CompletedTask;

        ImageCache CreateCache() => new(options.ImageCacheBytes, telemetry.CacheChanged);

        static string Name<T>(T value)
            where T : struct, Enum => value.ToString().ToLowerInvariant();
    }

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info { get; }

    public Checkpoint Checkpoint { get; }

    public BlipConfig Config => Checkpoint.Config;

    public BertTokenizer Tokenizer { get; }

    public TNetwork Network { get; }

    /// <summary>Runs images, and makes the queues for what is asked about them.</summary>
    public ImageRuns Runs { get; }

    /// <summary>The images that are kept.</summary>
    public ImageCache Cache { get; }

    /// <summary>The longest text that the model reads, in tokens, special ones included.</summary>
    public int MaxTextTokens { get; }

    /// <summary>Whether the model is disposed, or being disposed.</summary>
    public bool IsClosed => _gate.IsClosed;

    /// <summary>Loads a model.</summary>
    /// <param name="kind">The kind that it must be of.</param>
    /// <param name="options">Which model, where, and within which limits. Copied.</param>
    /// <param name="services">What it takes from the application.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static Task<ModelHost<TNetwork>> LoadAsync(
        ModelKind<TNetwork> kind, BlipOptions options, BlipServices? services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options.Copy();
        options.Validate();
        // The default of the options: the demo model of whatever kind.
        if (options.Model == BlipModel.DemoModel)
            options.Model = kind.DemoModel;
        return Task.Run(() => LoadCoreAsync(kind, options, services ?? new BlipServices(), cancellationToken), cancellationToken);
    }

    /// <summary>As <see cref="BlipModel.GetDigestAsync"/>.</summary>
    public async Task<string> GetDigestAsync(CancellationToken cancellationToken)
    {
        _gate.ThrowIfClosed();
        cancellationToken.ThrowIfCancellationRequested();
        Task<string> digest;
        lock (_digestGate)
        {
            // One for all: callers who waited in threads of the pool would keep them from those who ask questions.
            if (_digest is null or { IsFaulted: true })
                _digest = Task.Run(Checkpoint.ComputeDigest, CancellationToken.None);
            digest = _digest;
        }
        return await digest.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A place in the queue, for <see cref="ServeAsync"/>, as soon as there is one.</summary>
    public Task EnterWhenFreeAsync(CancellationToken cancellationToken) => _gate.EnterWhenFreeAsync(cancellationToken);

    /// <summary>Every request passes here: it takes a place in the queue, and is observed.</summary>
    /// <param name="isAsk">Whether questions are asked.</param>
    /// <param name="work">The work.</param>
    /// <param name="place">A place that was waited for, or <see langword="null"/> to take one or be refused.</param>
    public async Task<T> ServeAsync<T>(bool isAsk, Func<RequestTrace, Task<T>> work, Task? place = null)
    {
        using RequestTrace trace = _telemetry.Start(isAsk);
        try
        {
            if (place is null)
                _gate.Enter();
            else
                await place.ConfigureAwait(false);
            _telemetry.RequestsChanged(1);
            try
            {
                return await work(trace).ConfigureAwait(false);
            }
            finally
            {
                _telemetry.RequestsChanged(-1);
                _gate.Leave(patient: place is not null);
            }
        }
        catch (Exception exception)
        {
            trace.Failed(exception);
            throw;
        }
    }

    /// <summary>From bytes to embeddings, with a reference for the caller.</summary>
    public Task<(ImageEmbeddings Embeddings, AnswerTiming Timing)> GetEmbeddingsAsync(
        BlipImage image, CancellationToken cancellationToken) => _images.EncodeAsync(image, cancellationToken);

    /// <summary>A model's vocabulary can be larger than its tokenizer's: such a token has no text.</summary>
    public int Known(int token) => token < Tokenizer.VocabularySize ? token : Tokenizer.UnknownTokenId;

    /// <summary>Waits for the requests under way, refuses new ones, and frees everything. A second call waits too.</summary>
    public ValueTask DisposeAsync() => new(_disposal.Value);

    private async Task DisposeOnceAsync()
    {
        await _gate.CloseAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _packing.ConfigureAwait(false);
        // A run whose callers have all gone may still be at work.
        await Runs.DrainAsync().ConfigureAwait(false);
        if (_shared is null)
            Cache.Dispose();
        else
            _shared.Leave(Cache);
        Network.Dispose();
        Checkpoint.Dispose();
        _stop.Dispose();
    }

    private static async Task<ModelHost<TNetwork>> LoadCoreAsync(
        ModelKind<TNetwork> kind, BlipOptions options, BlipServices services, CancellationToken cancellationToken)
    {
        ILogger logger = services.LoggerFactory?.CreateLogger(kind.Owner) ?? NullLogger.Instance;
        ModelTelemetry telemetry = new(ModelLocator.NameOf(options.Model), services.MeterFactory);
        ModelLoader<TNetwork> loader = new(kind, options, services.Progress, logger, telemetry.NativeBytesChanged);
        LoadedModel<TNetwork> loaded = await loader.LoadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new ModelHost<TNetwork>(kind, loaded, options, services, telemetry, logger);
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
            Network.Pack(_stop.Token);
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

    private string DescribeNonFinite() => Checkpoint.FindNonFiniteTensor() is { } tensor
        ? $"tensor {tensor} has NaN or infinity. Download the model's files again from where they were published"
        : "a value became too large for this precision. Use fp32, or download the model's files again";
}
