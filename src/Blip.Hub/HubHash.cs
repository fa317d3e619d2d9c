using System.Security.Cryptography;
using System.Text;

namespace Blip.Hub;

/// <summary>Computes a file's etag while it streams by: SHA-256, or the git blob id, which is SHA-1 over a header with the size and the content.</summary>
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

    private bool IsGit => _file.Etag.Length == 40;

    public void Restart()
    {
        _hash.GetHashAndReset();
        if (IsGit)
            _hash.AppendData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"blob {_file.Size}\0")));
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Ends the computation: whether the bytes so far are the file.</summary>
    public bool Matches() => Convert.ToHexStringLower(_hash.GetHashAndReset()) == _file.Etag;

    public void Dispose() => _hash.Dispose();
}
