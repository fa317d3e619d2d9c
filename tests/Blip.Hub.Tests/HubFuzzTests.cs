using System.Globalization;
using Blip.Tests;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>
/// Downloads in which the server may change any response, with a fixed seed for each. Each ends with the exact files or with a clear
/// error, and the next download succeeds.
/// </summary>
[Trait("Category", "Long")]
public sealed class HubFuzzTests : HubTest
{
    private static readonly string[] Codes = [BlipErrorCode.DownloadFailed, BlipErrorCode.ModelInvalid, BlipErrorCode.ModelNotFound];

    [Fact]
    public async Task Download_RandomFaults_ExactFilesOrAClearError()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Token = "hf_secret";
        int failed = 0, downloads = TestScale.Of(500);
        for (int seed = 0; seed < downloads; seed++)
        {
            foreach (string path in Directory.EnumerateDirectories(Cache))
                Directory.Delete(path, recursive: true);
            Faults faults = new(seed);
            server.Fault = faults.ApplyAsync;
            using HubClient client = new(Options(server, token: server.Token));
            try
            {
                AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
            }
            catch (BlipException e)
            {
                failed++;
                Assert.True(Codes.Contains(e.Code), $"seed {seed}: {e}");
                Assert.DoesNotContain(server.Token, e.ToString(), StringComparison.Ordinal);
            }
            AssertNothingPartialIsVisible(server, seed);
            server.Fault = null;
            AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        }
        Assert.All(
            server.Requests.Where(request => request.Storage),
            request => Assert.DoesNotContain("Authorization", request.Headers.Keys));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{downloads} downloads, {failed} ended with an error; {server.Requests.Count} requests.");
        if (downloads >= 20)
            Assert.InRange(failed, 1, downloads - 1);
    }

    private void AssertNothingPartialIsVisible(HubServer server, int seed)
    {
        if (!Directory.Exists(Repository))
            return;
        Dictionary<string, byte[]> byEtag = server.Files.Values.ToDictionary(HubServer.Etag);
        IEnumerable<string> blobs = Directory.EnumerateFiles(Path.Combine(Repository, "blobs"))
            .Where(path => !path.EndsWith(".incomplete", StringComparison.Ordinal));
        foreach (string path in blobs)
            Assert.True(byEtag[Path.GetFileName(path)].AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"seed {seed}: {path}");
        foreach (string path in Directory.EnumerateFiles(Snapshot))
            Assert.True(server.Files[Path.GetFileName(path)].AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"seed {seed}: {path}");
    }

    private sealed class Faults(int seed)
    {
        private readonly Lock _lock = new();
        private readonly Random _random = new(seed);
        private readonly HashSet<string> _missed = [];

        public async Task<bool> ApplyAsync(HubRequest request, HttpContext context)
        {
            int kind, value;
            bool first;
            lock (_lock)
            {
                // In some downloads nearly no request has a fault, in others about a third of them have one.
                kind = _random.NextDouble() < 0.02 + (seed % 10 * 0.04) ? _random.Next(13) : -1;
                value = _random.Next(1, int.MaxValue);
                first = kind != 12 || _missed.Add(request.Name);
            }
            HttpResponse response = context.Response;
            switch (kind)
            {
                case 0:
                    context.Abort();
                    return true;
                case 1:
                    HubServer.Refuse(response, (value % 4) switch { 0 => 500, 1 => 502, 2 => 503, _ => 504 });
                    return true;
                case 2:
                    response.Headers.RetryAfter = (value % 5).ToString(CultureInfo.InvariantCulture);
                    HubServer.Refuse(response, 429);
                    return true;
                case 3:
                    response.ContentType = "text/html";
                    await response.WriteAsync("<html>no</html>");
                    return true;
                case 4 or 5:
                    request.CutAt = value;
                    return false;
                case 6:
                    request.CorruptAt = value;
                    return false;
                case 7:
                    request.IgnoreRange = true;
                    request.CutAt = value % 3 == 0 ? value : null;
                    return false;
                case 8:
                    response.StatusCode = 206;
                    response.Headers.ContentRange = $"bytes {value % 1000}-561167/561168";
                    return true;
                case 9:
                    HubServer.Refuse(response, 416);
                    return true;
                case 10:
                    request.LinkedEtag = HubServer.Sha256(BitConverter.GetBytes(value));
                    return false;
                case 11 when value % 8 == 0:
                    HubServer.Refuse(response, value % 16 == 0 ? 401 : 403, value % 3 == 0 ? "GatedRepo" : null);
                    return true;
                case 12 when first:
                    HubServer.Refuse(response, 404);
                    return true;
                default:
                    return false;
            }
        }
    }
}
