using System.Numerics.Tensors;

namespace Blip.Search;

/// <summary>All embeddings of an index in memory, end to end: a search reads them once. Immutable and thread-safe.</summary>
internal sealed class VectorTable
{
    private readonly List<(string Path, byte[] Hash)> _files = [];
    private readonly float[] _vectors;
    private readonly int _size;

    /// <param name="files">Files with embeddings of one size.</param>
    /// <exception cref="BlipException">They are not: the file of the index is damaged.</exception>
    public VectorTable(IEnumerable<IndexedFile> files)
    {
        List<float> vectors = [];
        foreach (IndexedFile file in files)
        {
            if ((_size > 0 && _size != file.Vector!.Length) || !float.IsFinite(TensorPrimitives.SumOfSquares(file.Vector!)))
            {
                throw new BlipException(
                    BlipErrorCode.InvalidRequest, "The file of the index is damaged. Delete it, and index the folder again.");
            }
            _size = file.Vector!.Length;
            _files.Add((file.Path, file.Hash));
            vectors.AddRange(file.Vector);
        }
        _vectors = [.. vectors];
    }

    public int Count => _files.Count;

    /// <summary>The nearest files, the nearest first; of equal ones the first by path.</summary>
    /// <param name="query">An embedding of unit length.</param>
    /// <param name="most">The most files.</param>
    public List<(string Path, byte[] Hash, float Cosine)> Nearest(ReadOnlySpan<float> query, int most)
    {
        if (_files.Count > 0 && query.Length != _size)
            throw new ArgumentException("The embedding has another size than those of the index.", nameof(query));
        // The lowest of the best is on top, and is replaced by a better one.
        PriorityQueue<int, (float Cosine, int Place)> best = new();
        for (int i = 0; i < _files.Count; i++)
        {
            float cosine = TensorPrimitives.Dot(query, _vectors.AsSpan(i * _size, _size));
            if (best.Count < most)
                best.Enqueue(i, (cosine, -i));
            else if (most > 0)
                best.EnqueueDequeue(i, (cosine, -i));
        }
        List<(string, byte[], float)> nearest = [];
        while (best.TryDequeue(out int place, out (float Cosine, int Place) key))
            nearest.Add((_files[place].Path, _files[place].Hash, key.Cosine));
        nearest.Reverse();
        return nearest;
    }
}
