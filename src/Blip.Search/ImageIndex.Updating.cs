using System.Diagnostics;
using System.IO.Enumeration;
using System.Security.Cryptography;
using Blip.AI.Images;

namespace Blip.Search;

public sealed partial class ImageIndex
{
    /// <summary>Images that are read and encoded side by side: reading and decoding continue while the network runs.</summary>
    private const int Window = 4;

    /// <summary>After this many images the index is saved.</summary>
    private const int BatchSize = 32;

    private static readonly EnumerationOptions Deep = new()
    {
        IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System, RecurseSubdirectories = true,
    };

    /// <summary>
    /// Updates the index from a folder: new and changed images are encoded, moved ones are found by their content, deleted ones are
    /// removed. Hidden files, and links to files and folders, are left out. If it is interrupted, even by a kill, the index stays valid,
    /// and the next call continues from there.
    /// </summary>
    /// <param name="folder">The folder; always the same for one index (<see cref="Folder"/>).</param>
    /// <param name="matcher">The model of the index.</param>
    /// <param name="progress">Gets the progress.</param>
    /// <param name="cancellationToken">Ends the indexing.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="BlipException">
    /// There is no such folder, the index is of another one, or the model cannot be used.
    /// </exception>
    public async Task<IndexProgress> UpdateAsync(
        string folder, IBlipMatcher matcher, IProgress<IndexProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(matcher);
        folder = FullPathOf(folder);
        if (!Directory.Exists(folder))
            throw new BlipException(BlipErrorCode.FileNotFound, "There is no such folder. Name one with images.");
        long start = Stopwatch.GetTimestamp();
        Dictionary<string, IndexedFile> known;
        lock (_gate)
        {
            string? before = _store.Folder;
            // Its images would be removed, since none of them is in this folder.
            if (before is not null && before != folder)
            {
                throw new BlipException(
                    BlipErrorCode.InvalidRequest, "The index is of another folder. Give each folder an index of its own.");
            }
            // Other processes read all embeddings again after every change of the file.
            if (before is null)
                _store.SetFolder(folder);
            known = _store.Files();
        }
        List<FileInfo> files = List(folder);
        IndexProgress done = new(0, files.Count, 0, 0, 0, TimeSpan.Zero);
        HashSet<string> present = new(StringComparer.Ordinal);
        List<IndexedFile> batch = [];
        Queue<Task<(IndexedFile? File, bool Encoded)>> underWay = [];
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            foreach (FileInfo file in files)
            {
                string path = Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
                present.Add(path);
                if (known.TryGetValue(path, out IndexedFile? seen) && IsSame(seen, file))
                {
                    Report(done with { Done = done.Done + 1, Failed = done.Failed + (seen.Vector is null ? 1 : 0) });
                    continue;
                }
                if (underWay.Count == Window)
                    await TakeAsync().ConfigureAwait(false);
                underWay.Enqueue(Task.Run(() => EncodeAsync(folder, path, file, matcher, stop.Token), stop.Token));
            }
            while (underWay.Count > 0)
                await TakeAsync().ConfigureAwait(false);
        }
        finally
        {
            // The model may be disposed after this: nothing may still use it.
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task left in underWay)
                await left.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Keep();
        }
        string[] gone = [.. known.Keys.Where(path => !present.Contains(path))];
        lock (_gate)
        {
            // Else what is in memory stays right: reading all embeddings again takes a second for 100,000.
            if (gone.Length > 0)
            {
                _store.Remove(gone);
                _table = null;
            }
        }
        Report(done with { Removed = gone.Length });
        return done;

        async Task TakeAsync()
        {
            (IndexedFile? file, bool encoded) = await underWay.Dequeue().ConfigureAwait(false);
            if (file is not null)
                batch.Add(file);
            Report(done with
            {
                Done = done.Done + 1, Encoded = done.Encoded + (encoded ? 1 : 0), Failed = done.Failed + (file?.Vector is null ? 1 : 0),
            });
            if (batch.Count == BatchSize)
                Keep();
        }

        void Keep()
        {
            if (batch.Count > 0)
            {
                lock (_gate)
                {
                    _store.Put(batch);
                    _table = null;
                }
            }
            batch.Clear();
        }

        void Report(IndexProgress now)
        {
            done = now with { Elapsed = Stopwatch.GetElapsedTime(start) };
            progress?.Report(done);
        }
    }

    private static List<FileInfo> List(string folder)
    {
        FileSystemEnumerable<FileInfo> files = new(folder, (ref entry) => (FileInfo)entry.ToFileSystemInfo(), Deep)
        {
            // A link may lead out of the folder, which is all that may be read.
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && ImageFileList.HasImageEnding(entry.FileName)
                && !(entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && entry.ToFileSystemInfo().LinkTarget is not null),
            // Also, a link to a folder above would never end.
            ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        return [.. files.OrderBy(file => file.FullName, StringComparer.Ordinal)];
    }

    private static bool IsSame(IndexedFile seen, FileInfo file) =>
        file.Exists && seen.Bytes == file.Length && seen.Changed == file.LastWriteTimeUtc.Ticks;

    /// <summary>Reads a file and, where its content is new, encodes it. No file: it is gone, or cannot be read now.</summary>
    private async Task<(IndexedFile? File, bool Encoded)> EncodeAsync(
        string folder, string path, FileInfo file, IBlipMatcher matcher, CancellationToken cancellationToken)
    {
        (long length, long changed) = file.Exists ? (file.Length, file.LastWriteTimeUtc.Ticks) : (0, 0);
        BlipImage image;
        try
        {
            // It was emptied. A pipe or a device has no length either, and is not read.
            if (length == 0 && file.Exists)
                return (new IndexedFile(path, length, changed, [], Vector: null), false);
            // It was listed a while ago.
            if (FileIn(folder, path) is not { } real)
                return (null, false);
            image = await BlipImage.FromFileAsync(real, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (BlipException exception) when (exception.Code == BlipErrorCode.ImageTooLarge)
        {
            return (new IndexedFile(path, length, changed, [], Vector: null), false);
        }
        catch (BlipException)
        {
            return (null, false);
        }
        byte[] hash = SHA256.HashData(image.Data.Span);
        float[]? vector;
        lock (_gate)
        {
            if (_store.TryFind(hash, out vector))
                return (new IndexedFile(path, length, changed, hash, vector), false);
        }
        try
        {
            vector = await matcher.EmbedAsync(image, cancellationToken).ConfigureAwait(false);
            return (new IndexedFile(path, length, changed, hash, vector), true);
        }
        catch (BlipException exception) when (exception is not (BlipBusyException or BlipModelException)
            && exception.Code is BlipErrorCode.ImageCorrupt or BlipErrorCode.UnsupportedImage or BlipErrorCode.TooManyPixels
                or BlipErrorCode.ImageTooLarge)
        {
            // The model's limits may be narrower than those above. Noted, so that it is not tried again until it changes.
            return (new IndexedFile(path, length, changed, hash, Vector: null), false);
        }
    }
}
