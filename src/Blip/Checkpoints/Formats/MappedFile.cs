using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Blip.Files;
using Microsoft.Win32.SafeHandles;

namespace Blip.Checkpoints;

/// <summary>
/// A file of weights, mapped into memory read-only. Links are followed, so <see cref="RealPath"/> is where the bytes are.
/// Whoever reads its bytes while another thread may dispose it does so under a <see cref="Hold"/>.
/// </summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int DontNeed = 4;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;
    private int _disposed;

    private MappedFile(string name, string realPath, SafeFileHandle handle, MemoryMappedFile file, long length)
    {
        (Name, RealPath, Length, _handle, _file) = (name, realPath, length, handle, file);
        _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
        _data += _view.PointerOffset;
    }

    /// <summary>The name in the model's folder, for messages.</summary>
    public string Name { get; }

    public string RealPath { get; }

    public long Length { get; }

    public nint Address => (nint)_data;

    /// <summary>Of the file when it was opened.</summary>
    public FileStamp Stamp { get; private init; }

    /// <summary>What is wrong with the order of the tensors in it, if anything is.</summary>
    public string? LayoutDefect { get; set; }

    /// <exception cref="BlipModelException">The file is missing, empty, a Git LFS pointer, or cannot be read.</exception>
    public static MappedFile Open(string directory, string name)
    {
        (string real, long length) = ModelFile.Find(directory, name) ?? throw BlipModelException.NotFound(
            $"{name} is missing from the model's folder. Download it, or download the model again.");
        try
        {
            FileStream stream = new(real, FileMode.Open, FileAccess.Read, FileShare.Read);
            FileStamp stamp = FileStamp.Of(stream.SafeFileHandle);
            MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            MappedFile mapped = new(name, real, stream.SafeFileHandle, file, length) { Stamp = stamp };
            if (mapped.Span(0, (int)Math.Min(length, 64)).StartsWith("version https://git-lfs"u8))
            {
                mapped.Dispose();
                throw new BlipModelException(
                    $"{name} is a Git LFS pointer, not the weights. Run git lfs pull in the folder it came from, or download the file.");
            }
            return mapped;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ModelFile.Unreadable(name, exception);
        }
    }

    /// <summary>Keeps the bytes where they are until the hold ends.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public MapHold Hold()
    {
        // The handle alone would take new holds as long as there is an old one.
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(Checkpoint));
        return new MapHold(_view.SafeMemoryMappedViewHandle);
    }

    /// <summary>
    /// Checks that the file is as long as it was mapped. To read beyond the end of one that shrank would end the process.
    /// </summary>
    /// <exception cref="BlipModelException">It shrank.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public void ThrowIfShrunk()
    {
        using MapHold hold = Hold();
        if (CurrentLength() < Length)
        {
            throw new BlipModelException(
                $"{Name} has become shorter while the model is in use. Load the model again, and replace its files by rename.");
        }
    }

    /// <summary>Some of the bytes: for the one thread that opens the file, before others know it.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length);
        return new ReadOnlySpan<byte>(_data + offset, length);
    }

    /// <summary>
    /// Removes the pages that were read from the process's memory, where the system allows it. When they are needed again,
    /// they come from the system's file cache as a rule.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public void ReleasePages()
    {
        // Once unmapped, the address may belong to other memory, which would lose its content.
        using MapHold hold = Hold();
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
            _ = Advise(_data, (nuint)Length, DontNeed);
    }

    /// <summary>Refuses new holds at once, and unmaps the file when the last hold has ended.</summary>
    public void Dispose()
    {
        // The pointer counts as one hold, which must end once.
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private long CurrentLength()
    {
        try
        {
            return RandomAccess.GetLength(_handle);
        }
        catch (ObjectDisposedException)
        {
            // A hold keeps the bytes, not the open file. The handle names itself, which callers do not know.
            throw new ObjectDisposedException(typeof(Checkpoint).FullName);
        }
    }

    // For a mapping that was never written to, this loses nothing.
    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
