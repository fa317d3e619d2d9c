using System.Security.Cryptography;
using System.Text;
using Blip.Checkpoints;
using Blip.Files;
using Blip.Graphs;

namespace Blip.Runtime;

/// <summary>
/// Weights that were computed from a checkpoint, kept between starts in one safetensors file that is mapped. The file is named by the
/// checkpoint's digest and by this build of the library, so that no other weights and no other way to compute them can be meant. A folder
/// that cannot be written is as good as none.
/// </summary>
internal sealed class WeightCache : IDisposable
{
    private static readonly TimeSpan LongestWrite = TimeSpan.FromHours(1), MarkedEvery = TimeSpan.FromDays(1),
        LongestUnused = TimeSpan.FromDays(30);

    private readonly string _folder;
    private readonly string _digest;
    private readonly Dictionary<string, CheckpointTensor> _tensors = new(StringComparer.Ordinal);
    private MappedFile? _file;

    private WeightCache(string folder, string digest) => (_folder, _digest) = (folder, digest);

    /// <summary>Whether there is something kept.</summary>
    public bool IsFilled => _file is not null;

    /// <summary>The file with the weights, once there is one.</summary>
    public string? KeptFile => File.Exists(Location) ? Location : null;

    private string Location => Path.Combine(_folder, FileName);

    private string FileName => Stem + ".safetensors";

    private string Stem => $"{_digest}-{typeof(WeightCache).Module.ModuleVersionId:N}{(ColumnQuantization.Bits == 8 ? "" : "-7bit")}";

    /// <summary>Opens what is kept for a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="folder">
    /// Where; <see langword="null"/> for <c>BLIP_CACHE</c>, else <c>blip</c> in the user's cache; empty for nowhere.
    /// </param>
    /// <returns><see langword="null"/> where nothing can be kept.</returns>
    public static WeightCache? Open(Checkpoint checkpoint, string? folder)
    {
        folder ??= Environment.GetEnvironmentVariable("BLIP_CACHE") ?? DefaultFolder();
        if (folder.Length == 0)
            return null;
        try
        {
            Directory.CreateDirectory(folder);
            WeightCache cache = new(folder, DigestOf(checkpoint, folder));
            cache.Map();
            return cache;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The memory of a kept weight, or zero where none of this name and size is kept, or none that lies well.</summary>
    public nint Find(string name, long bytes) =>
        _tensors.TryGetValue(name, out CheckpointTensor? tensor) && tensor.ByteLength == bytes
            && tensor.Data % SafetensorsWriter.Alignment == 0 ? tensor.Data : 0;

    /// <summary>Keeps weights for the next start; of what failed, nothing stays.</summary>
    public void Save(IEnumerable<SafetensorsEntry> weights)
    {
        string target = Location, partial = Path.Combine(_folder, $"{_digest}-{Guid.NewGuid():N}.partial");
        try
        {
            // Those that keep the next one aligned come first.
            using (FileStream file = new(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
                SafetensorsWriter.Write(file, [.. weights
                    .OrderBy(weight => weight.Bytes % SafetensorsWriter.Alignment != 0)
                    .ThenBy(weight => weight.Name, StringComparer.Ordinal)]);
            File.Move(partial, target, overwrite: true);
            foreach (string old in Directory.GetFiles(_folder, _digest + "-*"))
            {
                // Another build of the library may be in use beside this one.
                TimeSpan keep = old.EndsWith(".partial", StringComparison.Ordinal) ? LongestWrite : LongestUnused;
                if (old != target && File.GetLastWriteTimeUtc(old) < DateTime.UtcNow - keep)
                    File.Delete(old);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(partial);
        }
    }

    /// <summary>What an earlier start noted of these weights, or <see langword="null"/>.</summary>
    public string? ReadNote(string name)
    {
        try
        {
            return File.Exists(NotePath(name)) ? File.ReadAllText(NotePath(name)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Notes something of these weights for later starts.</summary>
    public void WriteNote(string name, string value) => TryNote(NotePath(name), value);

    /// <summary>Takes what was read out of the process's memory.</summary>
    public void ReleasePages() => _file?.ReleasePages();

    public void Dispose() => _file?.Dispose();

    private static void TryNote(string path, string value)
    {
        try
        {
            AtomicFile.Replace(path, value);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next start finds it out again.
        }
    }

    private string NotePath(string name) => Path.Combine(_folder, $"{Stem}.{name}");

    private void Map()
    {
        if (!File.Exists(Location))
            return;
        try
        {
            _file = MappedFile.Open(_folder, FileName);
            foreach (CheckpointTensor tensor in SafetensorsFile.Read(_file))
                _tensors.Add(tensor.Name, tensor);
            if (_file.LayoutDefect is null)
            {
                MarkUsed();
                return;
            }
        }
        catch (BlipModelException)
        {
            // It is damaged, and made anew.
        }
        _tensors.Clear();
        _file?.Dispose();
        _file = null;
    }

    /// <summary>The digest reads all weights; it is read once, and known again by the files' places, sizes and times.</summary>
    private static string DigestOf(Checkpoint checkpoint, string folder)
    {
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(checkpoint.Fingerprint)))[..32];
        string known = Path.Combine(folder, "digest-" + fingerprint);
        if (File.Exists(known) && File.ReadAllText(known) is { Length: 64 } text && text.All(char.IsAsciiHexDigitLower))
            return text;
        string digest = checkpoint.ComputeDigest();
        TryNote(known, digest);
        return digest;
    }

    private static string DefaultFolder()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache)
            return Path.Combine(cache, "blip");
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "blip");
        return Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home
            ? Path.Combine(home, ".cache", "blip") : "";
    }

    private void MarkUsed()
    {
        try
        {
            if (File.GetLastWriteTimeUtc(Location) < DateTime.UtcNow - MarkedEvery)
                File.SetLastWriteTimeUtc(Location, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder that is read only, as in a container: nobody deletes there either.
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next save takes it away.
        }
    }
}
