using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Blip.AI.Searching;
using Blip.Runtime;

namespace Blip.Search;

/// <summary>
/// An index of the images in a folder and its subfolders, in one file. It follows the folder by content: an image that was moved or copied
/// is not encoded again. Thread-safe; a search can run while the folder is indexed.
/// </summary>
public sealed partial class ImageIndex : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IndexStore _store;
    private VectorTable? _table;
    private long _tableVersion;

    private ImageIndex(IndexStore store) => _store = store;

    /// <summary>Opens an index, or creates it.</summary>
    /// <param name="file">
    /// The file. One that was made with another model is emptied, because its embeddings have no meaning for this one.
    /// </param>
    /// <param name="modelDigest">Identifies the model: <see cref="BlipMatcher.GetDigestAsync"/>.</param>
    /// <exception cref="BlipException">The file is not an index, or cannot be written.</exception>
    public static ImageIndex Open(string file, string modelDigest)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentException.ThrowIfNullOrEmpty(modelDigest);
        return new ImageIndex(new IndexStore(file, modelDigest));
    }

    /// <summary>Whether a file is an index that was made with a model: <see cref="Open"/> would find its images in it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="modelDigest">As for <see cref="Open"/>.</param>
    /// <exception cref="BlipException">The file is not an index, or cannot be read.</exception>
    public static bool IsOf(string file, string modelDigest) => IndexStore.IsOf(file, modelDigest);

    /// <summary>
    /// The default file of a folder's index: <c>index</c> in the folder of <c>BLIP_CACHE</c>, named by the folder's
    /// full path and the model, so that two models never empty each other's index.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="modelDigest">As for <see cref="Open"/>.</param>
    /// <exception cref="BlipException"><c>BLIP_CACHE</c> is empty, so nothing may be kept.</exception>
    public static string FileOf(string folder, string modelDigest)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentException.ThrowIfNullOrEmpty(modelDigest);
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{FullPathOf(folder)}\0{modelDigest}")))[..32];
        string root = CacheFolder.PathOrEmpty(null);
        return root.Length > 0 ? Path.Combine(Path.GetFullPath(root), "index", name + ".db") : throw new BlipException(
            BlipErrorCode.InvalidRequest, (CacheFolder.IsHomeless(null) ? "There is no home folder" : "BLIP_CACHE is empty")
                + ", so nothing is kept there. Name the file of the index (--index FILE).");
    }

    /// <summary>
    /// The full path of the folder whose images are in the index; <see langword="null"/> where it has none yet. Images are known by their
    /// paths below it, so an index is of one folder.
    /// </summary>
    public string? Folder
    {
        get
        {
            lock (_gate)
                return _store.Folder;
        }
    }

    /// <summary>How many images can be found.</summary>
    public int Count => Table().Count;

    /// <summary>Finds the images that a text describes best, the best first.</summary>
    /// <param name="matcher">The model of the index.</param>
    /// <param name="text">A short text in English.</param>
    /// <param name="top">How many images.</param>
    /// <param name="rerank">
    /// How many of the nearest images are matched with the text in a second step, as in the paper: they come first, ordered by their match.
    /// Each takes an encoding. 0, the default, for none: then only the cosine decides.
    /// </param>
    /// <param name="folder">The folder of the index; needed for the second step.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BlipException">The text cannot be used.</exception>
    public async Task<IReadOnlyList<FoundImage>> SearchAsync(
        IBlipMatcher matcher, string text, int top, int rerank = 0, string? folder = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(matcher);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        if (rerank > 0)
            ArgumentNullException.ThrowIfNull(folder);
        float[] query = (await matcher.EmbedAsync([text], cancellationToken).ConfigureAwait(false))[0];
        List<FoundImage> found =
        [
            .. Table().Nearest(query, rerank > 0 ? Math.Max(top, rerank) : top).Select(near => new FoundImage(
                near.Path, HandleOf(near.Hash), Math.Clamp(near.Cosine, -1, 1), Match: null)),
        ];
        if (rerank == 0)
            return found;
        FoundImage[] looked = await Task.WhenAll(found.Take(rerank).Select(LookAsync)).ConfigureAwait(false);
        IEnumerable<FoundImage> ordered = looked.OrderByDescending(image => image.Match ?? -1).ThenByDescending(image => image.Score);
        return [.. ordered.Concat(found.Skip(rerank)).Take(top)];

        async Task<FoundImage> LookAsync(FoundImage image)
        {
            if (FileIn(folder!, image.Name) is not { } file)
                return image;
            try
            {
                BlipImage read = await BlipImage.FromFileAsync(file, cancellationToken: cancellationToken).ConfigureAwait(false);
                return image with { Match = (await matcher.MatchAsync(read, [text], cancellationToken).ConfigureAwait(false))[0].Match };
            }
            // It is gone, or was changed into something that is not an image.
            catch (BlipException exception) when (exception is not (BlipBusyException or BlipModelException))
            {
                return image;
            }
        }
    }

    /// <summary>The images that are nearest to an embedding, by cosine, the nearest first.</summary>
    /// <param name="embedding">An embedding of unit length, of a text or of an image, by the model of the index.</param>
    /// <param name="top">How many images.</param>
    public IReadOnlyList<FoundImage> Nearest(ReadOnlySpan<float> embedding, int top) =>
        [.. Table().Nearest(embedding, top).Select(near => new FoundImage(near.Path, HandleOf(near.Hash), near.Cosine, Match: null))];

    /// <summary>The paths, below the folder, of the files with a content.</summary>
    /// <param name="handle">What names the content: <see cref="FoundImage.Handle"/>.</param>
    internal IReadOnlyList<string> PathsOf(string handle)
    {
        const string Prefix = "sha256-";
        if (handle.Length != Prefix.Length + 64 || !handle.StartsWith(Prefix, StringComparison.Ordinal))
            return [];
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        if (Convert.FromHexString(handle.AsSpan(Prefix.Length), hash, out _, out _) != OperationStatus.Done)
            return [];
        lock (_gate)
            return _store.PathsOf(hash);
    }

    /// <summary>Everything that is in the index, for tests.</summary>
    internal List<IndexedFile> Dump()
    {
        lock (_gate)
            return [.. _store.Vectors()];
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (_gate)
            _store.Dispose();
    }

    /// <summary>
    /// The full path of an image; <see langword="null"/> where there is none any more that may be read: a link has taken its place, or
    /// that of a folder above it, and may lead out of the folder; or it is a pipe or a device, and opening one could wait for ever.
    /// </summary>
    internal static string? FileIn(string folder, string name)
    {
        string path = Path.GetFullPath(folder);
        foreach (string part in name.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null)
                return null;
        }
        // Pipes and devices have no length.
        return new FileInfo(path) is { Exists: true, Length: > 0 and < int.MaxValue } ? path : null;
    }

    /// <summary>A folder has one name, however it was written.</summary>
    private static string FullPathOf(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static string HandleOf(byte[] hash) => "sha256-" + Convert.ToHexStringLower(hash);

    private VectorTable Table()
    {
        lock (_gate)
        {
            long version = _store.DataVersion;
            if (_table is null || version != _tableVersion)
                (_table, _tableVersion) = (new VectorTable(_store.Vectors()), version);
            return _table;
        }
    }
}
