using System.Runtime.CompilerServices;
using Blip.Images;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>
/// The model of an application. It is loaded once, when it is first needed, and all callers share it. After a failed load the next
/// caller loads again. Thread-safe.
/// </summary>
public sealed partial class BlipService : IBlipModel, IAsyncDisposable, IDisposable
{
    // A bitmap of one white pixel: two headers of 14 and 40 bytes, then blue, green, red and a byte that fills the row.
    private static readonly byte[] OnePixel =
    [
        (byte)'B', (byte)'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0,
        40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 0,
    ];

    /// <summary>A client may use this name for the model that runs here, whichever that is.</summary>
    internal const string AnyModel = "blip";

    private static int s_demoModelTold;

    private readonly BlipOptions _options;
    private readonly IServiceProvider? _services;
    private readonly SharedModel<BlipModel> _model;

    /// <summary>Creates the service; nothing is loaded yet.</summary>
    /// <param name="options">Which model, and within which limits.</param>
    /// <param name="services">The application's services, as <see cref="BlipServices.From"/> takes them; none by default.</param>
    public BlipService(IOptions<BlipOptions> options, IServiceProvider? services = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _services) = (options.Value, services);
        _model = new SharedModel<BlipModel>(typeof(BlipService), LoadAsync);
    }

    /// <summary>Whether the model is loaded.</summary>
    public bool IsReady => _model.Loaded is not null;

    /// <summary>Whether the demo model answers, because nobody named another.</summary>
    internal bool IsDemo => _options.Model == BlipModel.DemoModel;

    /// <summary>What the model is called; <see langword="null"/> until it is loaded.</summary>
    internal string? ModelName => _model.Loaded?.Info.Name;

    /// <summary>The decoder of the application, where it has chosen one.</summary>
    internal IImageDecoder? Decoder => (IImageDecoder?)_services?.GetService(typeof(IImageDecoder));

    /// <summary>How the model reads images.</summary>
    internal ImageOptions ImageOptions => _options.Image;

    /// <summary>The model; loads it if necessary. A caller that cancels does not stop the load that others wait for.</summary>
    /// <param name="progress">Gets the stage of the load while this caller waits; once it throws, it gets no more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BlipException">The model cannot be loaded.</exception>
    /// <exception cref="ObjectDisposedException">The service is disposed, or was while this caller waited.</exception>
    public Task<BlipModel> GetModelAsync(IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _model.GetAsync(progress, cancellationToken);

    /// <summary>
    /// Loads the model and asks it one question about a file, so that the first user does not wait, and so that a decoder that does not
    /// work is noticed.
    /// </summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        BlipImage image = BlipImage.FromBytes(OnePixel);
        await model.AskAsync(image, "what is in the picture?", cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Answer> AskAsync(
        BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(image, question, options, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Answer[]> AskAsync(
        BlipImage image, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(image, questions, options, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Answer> AskAsync(
        EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(encoded, question, options, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Answer[]> AskAsync(
        EncodedImage encoded, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(encoded, questions, options, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<EncodedImage> EncodeAsync(BlipImage image, CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.EncodeAsync(image, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<AskOutcome> AskEachAsync(
        IAsyncEnumerable<AskItem> items,
        AskEachOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlipModel model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        await foreach (AskOutcome outcome in model.AskEachAsync(items, options, cancellationToken).ConfigureAwait(false))
            yield return outcome;
    }

    /// <summary>
    /// Stops a load in progress, or waits for the questions that are being answered; then frees the model. Every call waits for that.
    /// </summary>
    public ValueTask DisposeAsync() => _model.DisposeAsync();

    /// <summary>As <see cref="DisposeAsync"/>, for a container that is disposed without waiting: the thread waits instead.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<BlipModel> LoadAsync(IProgress<LoadProgress> progress, CancellationToken stop)
    {
        // Before the load: an application that ends meanwhile disposes its services.
        ILogger? logger = IsDemo ? _services?.LoggerOf<BlipService>() : null;
        BlipServices services = _services is null ? new BlipServices { Progress = progress } : BlipServices.From(_services, progress);
        BlipModel model = await BlipModel.LoadAsync(_options, services, stop).ConfigureAwait(false);
        // A process may create many services, for example one for each kernel. One warning is enough.
        if (logger?.IsEnabled(LogLevel.Warning) == true && Interlocked.Exchange(ref s_demoModelTold, 1) == 0)
            DemoModelAnswers(logger);
        return model;
    }

    [LoggerMessage(
        301, LogLevel.Warning,
        "The demo model answers. It knows drawings only. For photographs set Blip:Model (in the environment Blip__Model, in code " +
        "BlipOptions.Model), for example to Salesforce/blip-vqa-capfilt-large.")]
    private static partial void DemoModelAnswers(ILogger logger);
}
