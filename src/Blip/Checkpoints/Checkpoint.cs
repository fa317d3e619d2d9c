using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
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
    private string? _digest;

    private Checkpoint(
        string directory, ModelArchitecture architecture, BlipConfig config, PreprocessorConfig preprocessor, List<MappedFile> files,
        Dictionary<string, CheckpointTensor> tensors)
    {
        (Directory, Architecture, Config, Preprocessor, _files, Tensors) = (directory, architecture, config, preprocessor, files, tensors);
        HeadTensors.UseOneName(tensors);
        IsHeadTied = HeadTensors.IsTied(config, tensors);
        architecture.CheckTensors(config, IsHeadTied, tensors);
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

    /// <summary>Whether the answer decoder's head is its word embeddings.</summary>
    public bool IsHeadTied { get; }

    /// <summary>The kind of model.</summary>
    internal ModelArchitecture Architecture { get; }

    /// <summary>The files of weights and their sizes in bytes.</summary>
    public IEnumerable<(string Name, long Length)> Files => _files.Select(f => (f.Name, f.Length));

    /// <summary>What changes with whatever the digest is made of, as far as the file system tells: the settings, and the files' places, sizes and times.</summary>
    internal string Fingerprint =>
        string.Join('\n', _files.Select(f => FormattableString.Invariant($"{f.RealPath} {f.Length} {File.GetLastWriteTimeUtc(f.RealPath).Ticks}")).Prepend(Settings));

    private string Settings =>
        FormattableString.Invariant($"{Config} {Preprocessor.Width} {Preprocessor.RescaleFactor:r} {string.Join(' ', Preprocessor.ImageMean)} {string.Join(' ', Preprocessor.ImageStd)}");

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="options">How its files are read; the defaults where <see langword="null"/>.</param>
    /// <param name="logger">Told of oddities.</param>
    /// <exception cref="BlipModelException">A file is missing or broken; the message names file, tensor or key, and remedy.</exception>
    public static Checkpoint Open(string directory, CheckpointOptions? options = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        if (!System.IO.Directory.Exists(directory))
            throw new BlipModelException(BlipErrorCode.ModelNotFound, $"There is no folder {directory}. Give a folder with a Hugging Face checkpoint.");
        ConfigSection file = BlipConfig.OpenFile(directory);
        ModelArchitecture architecture = ModelArchitectures.Find(file);
        BlipConfig config = BlipConfig.Read(file, options ?? new CheckpointOptions(), logger ?? NullLogger.Instance);
        architecture.CheckConfig(config);
        PreprocessorConfig preprocessor = PreprocessorConfig.Load(directory, config.Vision.ImageSize);
        if (preprocessor.Width != preprocessor.Height || preprocessor.Width != config.Vision.ImageSize)
        {
            throw new BlipModelException(
                $"preprocessor_config.json makes images of {preprocessor.Width} x {preprocessor.Height} pixels, but vision_config.image_size in config.json is {config.Vision.ImageSize}. Take both files from the same model.");
        }
        List<MappedFile> files = [];
        try
        {
            return new Checkpoint(directory, architecture, config, preprocessor, files, WeightFiles.Open(directory, files));
        }
        catch
        {
            foreach (MappedFile mapped in files)
                mapped.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What tells this model from any other: a SHA-256 over the sizes, the preprocessing, and every tensor's name, type, shape and bytes, in hexadecimal.
    /// Reads all weights the first time: a second or so for the full-size model. The same weights in other files of the same types have the same digest.
    /// </summary>
    public string ComputeDigest()
    {
        ObjectDisposedException.ThrowIf(_files[0].IsDisposed, this);
        return _digest ??= HashAll();
    }

    /// <summary>Unmaps the weights.</summary>
    public void Dispose()
    {
        foreach (MappedFile file in _files)
            file.Dispose();
    }

    /// <summary>Takes what was read of the weights out of the process's memory.</summary>
    internal void ReleasePages()
    {
        foreach (MappedFile file in _files)
            file.ReleasePages();
    }

    /// <summary>The name of a tensor with a NaN or an infinity, if there is one. Reads all weights.</summary>
    internal string? FindNonFiniteTensor() =>
        Tensors.Values.AsParallel().Where(t => t.Type != TensorType.Other && !t.IsFinite()).Select(t => t.Name).FirstOrDefault();

    private string HashAll()
    {
        CheckpointTensor[] tensors = [.. Tensors.Values.DistinctBy(t => t.Name).OrderBy(t => t.Name, StringComparer.Ordinal)];
        byte[][] hashes = new byte[tensors.Length][];
        Parallel.For(0, tensors.Length, i => hashes[i] = tensors[i].Hash());
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes(Settings));
        Span<byte> number = stackalloc byte[8];
        for (int i = 0; i < tensors.Length; i++)
        {
            digest.AppendData(Encoding.UTF8.GetBytes($"\n{tensors[i].Name} {tensors[i].StoredType}"));
            foreach (long dimension in tensors[i].Shape)
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, dimension);
                digest.AppendData(number);
            }
            digest.AppendData(hashes[i]);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }
}
