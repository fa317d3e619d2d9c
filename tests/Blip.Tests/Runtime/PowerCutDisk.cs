using Blip.Runtime;

namespace Blip.Tests.Runtime;

/// <summary>
/// A disk whose power goes before one of its operations: bytes that were not flushed are lost, and names that were not flushed may be.
/// </summary>
internal sealed class PowerCutDisk(int operations) : IDisk
{
    private readonly Dictionary<Stream, string> _open = [];
    private readonly Dictionary<string, byte[]> _flushed = [];
    private readonly List<(string Path, string Target)> _renamed = [], _safe = [];
    private int _left = operations;

    /// <summary>Whether the power went before all was done.</summary>
    public bool IsCut => _left <= 0;

    public Stream Create(string path)
    {
        Operate();
        Stream file = new CutStream(this);
        _open.Add(file, path);
        _flushed[path] = [];
        return file;
    }

    public void Flush(Stream file)
    {
        Operate();
        _flushed[_open[file]] = ((MemoryStream)file).ToArray();
    }

    public void Rename(string path, string target)
    {
        Operate();
        _renamed.Add((path, target));
    }

    public void FlushNames(string folder)
    {
        Operate();
        _safe.AddRange(_renamed);
        _renamed.Clear();
    }

    public void Sweep(string path)
    {
    }

    /// <summary>Writes what the disk holds when the power is back.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="keepsNames">Whether names were written though nobody flushed them.</param>
    /// <param name="lengths">Whether bytes that were lost read as zeros, instead of the file being shorter.</param>
    public void WriteTo(string folder, bool keepsNames, bool lengths)
    {
        Dictionary<string, byte[]> files = new(_flushed);
        foreach ((Stream file, string path) in _open)
        {
            int written = ((MemoryStream)file).ToArray().Length;
            if (lengths && files[path].Length < written)
                files[path] = [.. files[path], .. new byte[written - files[path].Length]];
        }
        foreach ((string path, string target) in keepsNames ? [.. _safe, .. _renamed] : _safe)
        {
            files[target] = files[path];
            files.Remove(path);
        }
        foreach ((string path, byte[] bytes) in files)
            File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(path)), bytes);
    }

    private void Operate()
    {
        if (_left-- <= 0)
            throw new IOException("The power is off.");
    }

    private sealed class CutStream(PowerCutDisk disk) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            disk.Operate();
            base.Write(buffer, offset, count);
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);
    }
}
