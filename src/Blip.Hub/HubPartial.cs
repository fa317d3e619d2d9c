using System.Buffers;

namespace Blip.Hub;

/// <summary>
/// The part of a file that has arrived, with its hash so far. A part from an earlier download is hashed again from its first byte,
/// because nothing else shows that its bytes are right.
/// </summary>
internal sealed class HubPartial : IAsyncDisposable
{
    public const int BufferBytes = 128 * 1024;

    private readonly FileStream _stream;
    private readonly HubHash _hash;

    private HubPartial(string path, HubFile file)
    {
        _stream = new FileStream(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        _hash = new HubHash(file);
    }

    public long Length { get; private set; }

    public static async Task<HubPartial> OpenAsync(string path, HubFile file, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).LinkTarget is not null)
            File.Delete(path);   // a write through a link would change a file outside the cache
        HubPartial partial = new(path, file);
        try
        {
            await partial.HashExistingAsync(file, cancellationToken).ConfigureAwait(false);
            return partial;
        }
        catch
        {
            await partial.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        _hash.Append(bytes.Span);
        Length += bytes.Length;
    }

    public void Restart()
    {
        _stream.SetLength(0);
        _stream.Position = 0;
        _hash.Restart();
        Length = 0;
    }

    /// <summary>Writes all bytes to the disk; true when they have the file's hash. Only then may the part get the file's name.</summary>
    public bool Matches()
    {
        _stream.Flush(flushToDisk: true);
        return _hash.Matches();
    }

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task HashExistingAsync(HubFile file, CancellationToken cancellationToken)
    {
        if (_stream.Length > file.Size)
        {
            Restart();
            return;
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await _stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                _hash.Append(buffer.AsSpan(0, read));
                Length += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
