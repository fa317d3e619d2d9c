using Blip.Checkpoints;
using Blip.Graphs;

namespace Blip.Runtime;

/// <summary>
/// Weights that were computed from a checkpoint, kept between starts in one file that is mapped. The file is named by the checkpoint's
/// digest and by this build of the library, so that no other weights and no other way to compute them can be meant. What is damaged is
/// computed again. A folder that cannot be written counts as none.
/// </summary>
internal sealed class WeightCache : IDisposable
{
    private static readonly TimeSpan MarkedEvery = TimeSpan.FromDays(1), LongestUnused = TimeSpan.FromDays(30);

    private readonly CacheFolder _folder;
    private readonly string _digest;
    private readonly KeptWeights? _kept;
    private readonly bool _wasFound;

    private WeightCache(CacheFolder folder, string digest)
    {
        (_folder, _digest) = (folder, digest);
        _wasFound = File.Exists(Location);
        _kept = KeptWeights.Open(_folder.Path, FileName);
        MarkUsed();
    }

    /// <summary>Whether there is something kept.</summary>
    public bool IsFilled => _kept is not null;

    /// <summary>Why weights that were computed could not be kept, as a sentence; <see langword="null"/> where they could.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether the file was damaged, and is whole again.</summary>
    public bool IsMended { get; private set; }

    /// <summary>The file with the weights, once there is one.</summary>
    public string? KeptFile => File.Exists(Location) ? Location : null;

    private string Location => _folder.PathOf(FileName);

    private string FileName => Stem + ".safetensors";

    private string Stem => $"{_digest}-{typeof(WeightCache).Module.ModuleVersionId:N}{(ColumnQuantization.Bits == 8 ? "" : "-7bit")}";

    /// <summary>Opens what is kept for a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="path">As <see cref="CacheFolder.Open"/> takes it.</param>
    /// <param name="problem">Why nothing can be kept though it should, as a sentence.</param>
    /// <param name="disk">The file system; the real one where <see langword="null"/>.</param>
    /// <returns><see langword="null"/> where nothing can be kept, or nothing should.</returns>
    public static WeightCache? Open(Checkpoint checkpoint, string? path, out string? problem, IDisk? disk = null)
    {
        problem = null;
        try
        {
            if (CacheFolder.Open(path, disk ?? SystemDisk.Instance) is { } folder)
                return new WeightCache(folder, KnownDigest.Of(checkpoint, folder));
            if (CacheFolder.IsHomeless(path))
                problem = "The int8 weights cannot be kept: there is no home folder. Set BLIP_CACHE to a folder.";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problem = $"The int8 weights cannot be kept in the folder for them (BLIP_CACHE): {CacheFolder.Describe(exception)}.";
        }
        return null;
    }

    /// <summary>The memory of a kept weight, or zero where none of this name and size is kept, or none that is right.</summary>
    public nint Find(string name, long bytes) => _kept?.Find(name, bytes) ?? 0;

    /// <summary>Keeps weights for the next start, beside those that were kept and are right; of what failed, nothing stays.</summary>
    public void Save(IReadOnlyList<WeightBytes> computed)
    {
        try
        {
            IEnumerable<WeightBytes> all = computed.UnionBy(_kept?.Right ?? [], weight => weight.Name);
            _folder.Write(FileName, file => KeptWeights.Write(file, all));
            IsMended = _wasFound;
            DeleteUnused();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Problem = $"The int8 weights cannot be kept in the folder {_folder.Path} (BLIP_CACHE): {CacheFolder.Describe(exception)}.";
        }
    }

    /// <summary>What an earlier start noted of these weights, or <see langword="null"/>.</summary>
    public string? ReadNote(string name) => _folder.ReadText($"{Stem}.{name}");

    /// <summary>Notes something of these weights for later starts.</summary>
    public void WriteNote(string name, string value) => _folder.WriteText($"{Stem}.{name}", value);

    /// <summary>Removes the pages that were read from the process's memory.</summary>
    public void ReleasePages() => _kept?.ReleasePages();

    public void Dispose() => _kept?.Dispose();

    private void MarkUsed()
    {
        try
        {
            if (_kept is not null && File.GetLastWriteTimeUtc(Location) < DateTime.UtcNow - MarkedEvery)
                File.SetLastWriteTimeUtc(Location, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder that is read only, as in a container: nobody deletes there either.
        }
    }

    /// <summary>Another build of the library may be in use beside this one, so what it kept goes only when it is long unused.</summary>
    private void DeleteUnused()
    {
        foreach (string old in Directory.GetFiles(_folder.Path, _digest + "-*"))
        {
            if (old != Location && File.GetLastWriteTimeUtc(old) < DateTime.UtcNow - LongestUnused)
                File.Delete(old);
        }
    }
}
