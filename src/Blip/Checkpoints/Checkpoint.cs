using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Blip.Hub;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip.Checkpoints;

/// <summary>
/// A BLIP checkpoint as Hugging Face publishes it: configuration and weights, checked whole. The weights
/// are mapped, not read. Immutable and thread-safe; its tensors are readable until it is disposed.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private readonly List<MappedFile> _files;
    private readonly Lock _digestGate = new(), _verdictGate = new();
    private string? _digest;
    private (bool Known, string? Tensor) _nonFinite;

    private Checkpoint(
        string directory, ModelArchitecture architecture, BlipConfig config, PreprocessorConfig preprocessor, List<MappedFile> files,
        Dictionary<string, CheckpointTensor> tensors, CheckpointOptions options, ILogger logger)
    {
        (Directory, Architecture, Config, Preprocessor, _files, Tensors) = (directory, architecture, config, preprocessor, files, tensors);
        HeadTensors.UseOneName(tensors);
        if (options.AdapterDirectory is { } adapter)
            LoraAdapter.Merge(AdapterDirectory = adapter, Adapter = AdapterConfig.Read(adapter), tensors, files);
        PositionEmbeddings.Fit(tensors, config.Vision, options.ImageSize is not null);
        IsHeadTied = HeadTensors.IsTied(tensors);
        architecture.CheckTensors(config, IsHeadTied, tensors, logger);
        if (files.FirstOrDefault(f => f.LayoutDefect is not null) is { LayoutDefect: { } defect })
            throw new BlipModelException(defect);
    }

    /// <summary>The folder, as it was given.</summary>
    public string Directory { get; }

    /// <summary>The sizes.</summary>
    public BlipConfig Config { get; }

    /// <summary>How images become numbers.</summary>
    public PreprocessorConfig Preprocessor { get; }

    /// <summary>The tensors by their names in PyTorch.</summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>
    /// Whether the answer decoder's head is its word embeddings: the weights have no head of their own, or one with the same bytes.
    /// </summary>
    public bool IsHeadTied { get; }

    /// <summary>The adapter that is merged into the weights, if one is.</summary>
    internal AdapterConfig? Adapter { get; }

    /// <summary>The folder of the adapter that is merged into the weights, if one is.</summary>
    internal string? AdapterDirectory { get; }

    /// <summary>The kind of model.</summary>
    internal ModelArchitecture Architecture { get; }

    /// <summary>The files of weights and their sizes in bytes.</summary>
    public IReadOnlyList<CheckpointFile> Files => _files.ConvertAll(file => new CheckpointFile(file.Name, file.Length));

    /// <summary>
    /// Changes when the digest does, as far as the file system tells: the settings, and the places, sizes and times of the files,
    /// the adapter's among them.
    /// </summary>
    internal string Fingerprint => string.Join('\n', _files.Select(Describe).Prepend(Adapter?.Text).Prepend(Settings));

    /// <summary>
    /// Equal to an earlier one of the same <see cref="Fingerprint"/> only where the files' content is equal; <see langword="null"/> where
    /// the system says too little.
    /// </summary>
    internal string? Stamp => _files.TrueForAll(file => file.Stamp.IsKnown) ? string.Join('-', _files.Select(file => file.Stamp)) : null;

    /// <summary>Whether a change of a file since the checkpoint was opened would change the <see cref="Stamp"/>.</summary>
    internal bool IsStampSettled => _files.TrueForAll(file => file.Stamp.IsSettled);

    private string Settings => CheckpointDigest.Settings(Config, Preprocessor);

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="options">How its files are read; the defaults where <see langword="null"/>.</param>
    /// <param name="logger">Gets a warning where a known error of old configurations is corrected.</param>
    /// <exception cref="BlipModelException">A file is missing or broken; the message names file, tensor or key, and remedy.</exception>
    /// <exception cref="BlipException">It takes no images of that size (<see cref="BlipErrorCode.InvalidRequest"/>).</exception>
    public static Checkpoint Open(string directory, CheckpointOptions? options = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        try
        {
            return OpenFolder(directory, options, logger);
        }
        catch (BlipModelException exception)
            when (exception.Code == BlipErrorCode.ModelInvalid && HubSnapshot.Remedy(directory) is { } remedy)
        {
            throw new BlipModelException($"{exception.Message} {remedy}", exception);
        }
    }

    /// <summary>
    /// Identifies this model: a SHA-256 over the sizes, the preprocessing, and every tensor's name, type, shape and
    /// bytes, in hexadecimal. The same weights in other files of the same types have the same digest. The first call reads all
    /// weights, which takes a second or so for the full-size model.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    public string ComputeDigest()
    {
        lock (_digestGate)
        {
            using MapHold hold = _files[0].Hold();
            ThrowIfShrunk();
            return _digest ??= HashAll();
        }
    }

    /// <summary>
    /// What tells this model's vision network from any other: a SHA-256 over its sizes, the preprocessing and its tensors. Reads those
    /// tensors.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal string ComputeVisionDigest()
    {
        using MapHold hold = _files[0].Hold();
        ThrowIfShrunk();
        CheckpointTensor[] tensors = [.. SortedTensors().Where(tensor => VisionTensors.Has(tensor.Name))];
        return CheckpointDigest.Compute(VisionSettings, tensors, ReadAll(tensors, tensor => tensor.Hash()));
    }

    /// <summary>The sizes of the vision network and the preprocessing as text.</summary>
    internal string VisionSettings => CheckpointDigest.VisionSettings(Config.Vision, Preprocessor);

    /// <summary>A hash over a few bytes of every tensor: other weights of the same sizes have the same hash only by accident.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal string HashSamples()
    {
        CheckpointTensor[] tensors = SortedTensors();
        ulong[] samples = ReadAll(tensors, tensor => tensor.HashSample());
        return Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes<ulong>(samples)));
    }

    /// <summary>Refuses new readers at once. The weights are unmapped when the last one has ended.</summary>
    public void Dispose()
    {
        foreach (MappedFile file in _files)
            file.Dispose();
    }

    /// <summary>Checks that the files of weights are as long as they were mapped: a file that was cut in place cannot be read.</summary>
    /// <exception cref="BlipModelException">One shrank.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal void ThrowIfShrunk()
    {
        foreach (MappedFile file in _files)
            file.ThrowIfShrunk();
    }

    /// <summary>Removes the pages of the weights that were read from the process's memory.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal void ReleasePages()
    {
        foreach (MappedFile file in _files)
            file.ReleasePages();
    }

    /// <summary>The name of a weight with a NaN or an infinity, if there is one. The first call reads all weights.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal string? FindNonFiniteTensor()
    {
        lock (_verdictGate)
        {
            if (!_nonFinite.Known)
            {
                CheckpointTensor[] weights =
                    [.. Architecture.ExpectedTensors(Config, IsHeadTied).Select(expected => Tensors[expected.Name])];
                bool[] finite = ReadAll(weights, tensor => tensor.IsFinite());
                _nonFinite = (true, weights.Where((_, i) => !finite[i]).Select(tensor => tensor.Name).FirstOrDefault());
            }
            return _nonFinite.Tensor;
        }
    }

    private static Checkpoint OpenFolder(string directory, CheckpointOptions? options, ILogger? logger)
    {
        if (!System.IO.Directory.Exists(directory))
            throw BlipModelException.NotFound($"There is no folder {directory}. Give a folder with a Hugging Face checkpoint.");
        ConfigSection file = BlipConfig.OpenFile(directory);
        ModelArchitecture architecture = ModelArchitectures.Find(file);
        logger ??= NullLogger.Instance;
        BlipConfig config = BlipConfig.Read(file, options ??= new CheckpointOptions(), logger);
        architecture.CheckConfig(config);
        PreprocessorConfig preprocessor = PreprocessorConfig.Load(directory, config.Vision.ImageSize);
        if (options.ImageSize is { } size)
            (config, preprocessor) = (config.ForImages(size), preprocessor.ForImages(size));
        if (preprocessor.Width != preprocessor.Height || preprocessor.Width != config.Vision.ImageSize)
        {
            throw new BlipModelException(
                $"preprocessor_config.json makes images of {preprocessor.Width} x {preprocessor.Height} pixels, but " +
                $"vision_config.image_size in config.json is {config.Vision.ImageSize}. Use files of the same model.");
        }
        List<MappedFile> files = [];
        try
        {
            return new Checkpoint(
                directory, architecture, config, preprocessor, files, WeightFiles.Open(directory, files), options, logger);
        }
        catch
        {
            foreach (MappedFile mapped in files)
                mapped.Dispose();
            throw;
        }
    }

    private static string Describe(MappedFile file) =>
        FormattableString.Invariant($"{file.RealPath} {file.Length} {File.GetLastWriteTimeUtc(file.RealPath).Ticks}");

    private string HashAll()
    {
        CheckpointTensor[] tensors = SortedTensors();
        return CheckpointDigest.Compute(Settings, tensors, ReadAll(tensors, tensor => tensor.Hash()));
    }

    private CheckpointTensor[] SortedTensors() =>
        [.. Tensors.Values.DistinctBy(tensor => tensor.Name).OrderBy(tensor => tensor.Name, StringComparer.Ordinal)];

    /// <summary>Reads tensors in parallel. What reading one throws is thrown as it is.</summary>
    private static T[] ReadAll<T>(CheckpointTensor[] tensors, Func<CheckpointTensor, T> read)
    {
        T[] results = new T[tensors.Length];
        try
        {
            Parallel.For(0, tensors.Length, i => results[i] = read(tensors[i]));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
        return results;
    }
}
