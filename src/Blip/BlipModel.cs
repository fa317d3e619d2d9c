using Blip.Answering;
using Blip.Caching;
using Blip.Calibrating;
using Blip.Checkpoints;
using Blip.Images;
using Blip.Networks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip;

/// <summary>
/// A BLIP visual question answering model, ready to answer. Immutable and thread-safe: one instance serves a whole process and has one
/// queue. Callers beyond <see cref="BlipOptions.MaxRequests"/> are refused with <see cref="BlipBusyException"/>.
/// </summary>
/// <remarks>
/// Answers are those of Python transformers' <c>generate</c> for <c>BlipForQuestionAnswering</c>, token for token, each question
/// as if asked alone. Images are read as its image processor on Pillow reads them, with two differences: they are
/// turned as the camera says (<see cref="ImageOrientation"/>), and transparency is laid over white (<see cref="AlphaMode"/>).
/// </remarks>
public sealed partial class BlipModel : IBlipModel, IAsyncDisposable
{
    /// <summary>
    /// The name of the model that comes with the library: small, trained on drawn scenes, for trying Blip without a download.
    /// </summary>
    public const string DemoModel = "demo";

    private readonly ModelHost<QuestionAnsweringNetwork> _host;
    private readonly QuestionRuns _runs;
    private readonly Lazy<int[]> _wholeImage;

    private BlipModel(ModelHost<QuestionAnsweringNetwork> host, CalibrationFile calibrationFile, Calibration? calibration)
    {
        (_host, _runs) = (host, new QuestionRuns(host.Network, host.Runs));
        _wholeImage = new Lazy<int[]>(() => host.Tokenizer.Encode("what is in the picture?").Ids);
        (CalibrationFile, Calibration) = (calibrationFile, calibration);
    }

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info => _host.Info;

    /// <summary>
    /// How confidences are calibrated; <see langword="null"/> where they are not. It is <c>calibration.json</c> in the model's folder, for
    /// a model of the hub in <see cref="BlipOptions.CacheDirectory"/>, as <c>blip calibrate</c> writes it.
    /// </summary>
    public Calibration? Calibration { get; }

    /// <summary>The model's sizes and special tokens.</summary>
    public BlipConfig Config => _host.Config;

    /// <summary>Where <see cref="Calibration"/> is kept.</summary>
    internal CalibrationFile CalibrationFile { get; }

    /// <summary>The file with computed weights that the next start maps, where there is one.</summary>
    internal string? CachedWeights => _host.Network.Cache?.KeptFile;

    /// <summary>Why computed weights could not be kept, as a sentence, where they could not.</summary>
    internal string? CacheProblem => _host.Network.CacheProblem;

    /// <summary>The images that are kept.</summary>
    internal ImageCache Cache => _host.Cache;

    /// <summary>Loads a model.</summary>
    /// <param name="model">A hub id (<c>Salesforce/blip-vqa-capfilt-large</c>), a folder with a checkpoint, or <c>demo</c>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync("Salesforce/blip-vqa-capfilt-large");
    /// Console.WriteLine(blip.Info);
    /// </code></example>
    public static Task<BlipModel> LoadAsync(string model = DemoModel, CancellationToken cancellationToken = default) =>
        LoadAsync(new BlipOptions { Model = model }, services: null, cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="options">Which model, where, and within which limits. Copied: later changes change nothing.</param>
    /// <param name="services">The services of the application; the defaults where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BlipModelException">There is no such model, or its files are broken.</exception>
    /// <exception cref="BlipException">
    /// The device or the precision is not available here, a package is missing, or the model cannot be downloaded.
    /// </exception>
    public static async Task<BlipModel> LoadAsync(
        BlipOptions options, BlipServices? services = null, CancellationToken cancellationToken = default)
    {
        options = options?.Copy()!;
        ModelHost<QuestionAnsweringNetwork> host = await ModelHost<QuestionAnsweringNetwork>
            .LoadAsync(ModelKinds.QuestionAnswering, options, services, cancellationToken).ConfigureAwait(false);
        try
        {
            bool isOwnFolder = !DemoModels.Has(options.Model) && Directory.Exists(options.Model) && !DemoModels.IsFolder(options.Model);
            CalibrationFile file = new(host.Checkpoint, isOwnFolder, options.CacheDirectory);
            ILogger logger = services?.LoggerFactory?.CreateLogger<BlipModel>() ?? (ILogger)NullLogger.Instance;
            return new BlipModel(host, file, file.Read(host.Info.Precision, logger));
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Identifies this model, as <see cref="Checkpoint.ComputeDigest"/>. The first call reads all weights, a second or so
    /// for the full-size model; later ones know it. It takes no place in the queue.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public Task<string> GetDigestAsync(CancellationToken cancellationToken = default) => _host.GetDigestAsync(cancellationToken);

    /// <summary>The text of one token of an answer: a special one as it is written, a continuing piece without its mark.</summary>
    /// <param name="token">One of <see cref="Answer.TokenIds"/>.</param>
    public string TokenToText(int token) => _host.Tokenizer.TokenToText(_host.Known(token));

    /// <summary>Waits for the questions under way, refuses new ones, and frees everything. A second call waits too.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
