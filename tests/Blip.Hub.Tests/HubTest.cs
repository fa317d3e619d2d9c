using Blip.Tests;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>A cache folder for one test. Its path has a space and a letter that is not ASCII.</summary>
public abstract class HubTest : IDisposable
{
    /// <summary>The files of the server's model that a download brings into the cache.</summary>
    internal static readonly string[] ExpectedFiles =
    [
        "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
        "vocab.txt",
    ];

    /// <summary>The idle timeout that no request reaches, even on a busy machine: 12 seconds with <see cref="Time"/>.</summary>
    private protected static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(10);

    /// <summary>The idle timeout for tests that reach it: half a second with <see cref="Time"/>.</summary>
    private protected static readonly TimeSpan ShortTimeout = TimeSpan.FromSeconds(25);

    private protected string Cache { get; } = Directory.CreateTempSubdirectory("blip hub é ").FullName;

    private protected FastTime Time { get; } = new();

    private protected string Repository => Path.Combine(Cache, "models--org--demo");

    private protected string Snapshot => Path.Combine(Repository, "snapshots", HubServer.Commit);

    private protected string Blob(byte[] content) => Path.Combine(Repository, "blobs", HubServer.Etag(content));

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Directory.Delete(Cache, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected HubOptions Options(HubServer server, Action<string, string>? createLink = null, Func<string, long>? freeSpace = null,
        string? token = "", bool offline = false, int retries = 5, string revision = "main", TimeSpan? idleTimeout = null) => new()
        {
            Endpoint = server.Endpoint, CacheFolder = Cache, Token = token, Offline = offline, DisableProgress = false, Retries = retries,
            Revision = revision, TimeProvider = Time, Random = new Random(1), IdleTimeout = idleTimeout ?? LongTimeout,
            CreateLink = createLink ?? HubFileSystem.CreateLink, FreeSpace = freeSpace ?? HubFileSystem.FreeSpace, Environment = _ => null,
        };

    private protected async Task<string> DownloadAsync(HubServer server, string id = HubServer.Id)
    {
        using HubClient client = new(Options(server));
        return await client.DownloadAsync(id, cancellationToken: Cancellation);
    }

    private protected static void AssertExact(HubServer server, string snapshot)
    {
        Assert.Equal(ExpectedFiles, Directory.EnumerateFiles(snapshot).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string name in ExpectedFiles)
            Assert.True(server.Files[name].AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(snapshot, name))), name);
    }

    /// <summary>Writes the cache that the Python client made, from the recorded list of its files.</summary>
    private protected void MakePythonCache(Func<GoldenEntry, bool>? where = null)
    {
        foreach (GoldenEntry entry in GoldenEntry.ReadTree().Where(where ?? (_ => true)))
        {
            string path = Path.Combine(Cache, entry.Path);
            if (entry.Kind == "dir")
                Directory.CreateDirectory(path);
            else if (entry.Kind == "link")
                File.CreateSymbolicLink(path, entry.To ?? "");
            else if (entry.Path.Contains("/blobs/", StringComparison.Ordinal))
                File.Copy(TestPaths.Golden("models", "base", entry.BlobName ?? ""), path);
            else
                File.WriteAllText(path, entry.Text ?? "");
        }
    }
}
