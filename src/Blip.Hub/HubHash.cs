using System.Security.Cryptography;
using System.Text;

namespace Blip.Hub;

/// <summary>
/// Computes a file's etag while its bytes arrive: the SHA-256, or the git blob id. A git blob id is the SHA-1 of a header with the
/// size, and the content.
/// </summary>
internal sealed class HubHash : IDisposable
{
    private readonly HubFile _file;
    private readonly IncrementalHash _hash;

    public HubHash(HubFile file)
    {
        _file = file;
        _hash = IncrementalHash.CreateHash(IsGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        Restart();
    }

    /// <summary>Whether a file on the disk has the file's hash.</summary>
    public static async Task<bool> MatchesAsync(string path, HubFile file, CancellationToken cancellationToken)
    {
        using HubHash hash = new(file);
        byte[] buffer = new byte[HubPartial.BufferBytes];
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.Asynchronous);
        await using (stream.ConfigureAwait(false))
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                hash.Append(buffer.AsSpan(0, read));
        }
        return hash.Matches();
    }

    private bool IsGit => _file.Etag.Length == 40;

    public void Restart()
    {
        _hash.GetHashAndReset();
        if (IsGit)
            _hash.AppendData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"blob {_file.Size}\0")));
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Ends the computation; true when the bytes so far have the file's hash.</summary>
    public bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _file.Etag;

    public void Dispose() => _hash.Dispose();
}
