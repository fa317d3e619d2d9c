using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Blip.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>
/// A hub on this machine. One address answers like the hub, another like the storage to which the hub redirects for large files.
/// <see cref="Fault"/> may change any response.
/// </summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Id = "org/demo";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private const int LargeBytes = 64 * 1024;

    private readonly WebApplication _app;

    private HubServer(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>The commit of each branch, tag and commit.</summary>
    public ConcurrentDictionary<string, string> Revisions { get; } = new() { ["main"] = Commit, [Commit] = Commit };

    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    /// <summary>
    /// Called before each response. Returns true when it has sent a response itself. It may also change the properties of the request
    /// that say how the body is sent.
    /// </summary>
    public Func<HubRequest, HttpContext, Task<bool>>? Fault { get; set; }

    public string? Token { get; set; }

    public Uri Endpoint { get; private set; } = new("http://localhost");

    public Uri Storage { get; private set; } = new("http://localhost");

    public int Count(string method) => Requests.Count(request => request.Method == method);

    public static async Task<HubServer> StartAsync(string model = "base", X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            for (int i = 0; i < 2; i++)
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    if (certificate is not null)
                        listen.UseHttps(certificate);
                });
            }
        });
        HubServer server = new(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        IFeatureCollection features = server._app.Services.GetRequiredService<IServer>().Features;
        string[] addresses = [.. features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
        (server.Endpoint, server.Storage) = (new Uri(addresses[0]), new Uri(addresses[1]));
        foreach (string path in Directory.EnumerateFiles(TestPaths.Golden("models", model)))
            server.Files[Path.GetFileName(path)] = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new(TimeSpan.Zero);
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Responses that hang are aborted. That is intended.
        }
        await _app.DisposeAsync();
    }

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static string Etag(byte[] content) => content.Length > LargeBytes
        ? Sha256(content)
#pragma warning disable CA5350 // git's object ids are SHA-1
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350

    private async Task AnswerAsync(HttpContext context)
    {
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        bool storage = context.Connection.LocalPort == Storage.Port;
        Dictionary<string, string> headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString());
        HubRequest request = new(context.Request.Method, target, storage, headers);
        Requests.Enqueue(request);
        if (Fault is { } fault && await fault(request, context))
            return;
        if (storage)
            await SendAsync(context, request, Files.Values.First(content => target == "/cdn/" + Sha256(content)));
        else
            await AnswerAsHubAsync(context, request);
    }

    private async Task AnswerAsHubAsync(HttpContext context, HubRequest request)
    {
        HttpResponse response = context.Response;
        if (Token is not null && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            Refuse(response, 401, "RepoNotFound");
            return;
        }
        string[] parts = request.Target.Trim('/').Split('/');
        if (parts is not ["org", "demo", "resolve", var revision, var name])
        {
            Refuse(response, 404, "RepoNotFound");
            return;
        }
        if (!Revisions.TryGetValue(Uri.UnescapeDataString(revision), out string? commit))
        {
            Refuse(response, 404, "RevisionNotFound");
            return;
        }
        response.Headers["X-Repo-Commit"] = commit;
        if (!Files.TryGetValue(Uri.UnescapeDataString(name), out byte[]? content))
        {
            Refuse(response, 404, "EntryNotFound");
            return;
        }
        if (content.Length > LargeBytes)
        {
            response.StatusCode = 302;
            response.Headers.Location = new Uri(Storage, "/cdn/" + Sha256(content)).AbsoluteUri;
            response.Headers["X-Linked-Size"] = content.Length.ToString(CultureInfo.InvariantCulture);
            response.Headers["X-Linked-Etag"] = $"\"{request.LinkedEtag ?? Etag(content)}\"";
            return;
        }
        response.Headers.ETag = $"\"{Etag(content)}\"";
        await SendAsync(context, request, content);
    }

    private static async Task SendAsync(HttpContext context, HubRequest request, byte[] content)
    {
        HttpResponse response = context.Response;
        int from = 0;
        response.Headers.AcceptRanges = "bytes";
        if (!request.IgnoreRange && request.From is { } start)
        {
            if (start >= content.Length)
            {
                response.StatusCode = 416;
                response.Headers.ContentRange = $"bytes */{content.Length}";
                return;
            }
            from = (int)start;
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }
        response.ContentLength = content.Length - from;
        if (request.Method == "HEAD")
            return;
        ReadOnlyMemory<byte> body = content.AsMemory(from);
        if (request.CorruptAt is { } position && body.Length > 0)
        {
            byte[] copy = body.ToArray();
            copy[position % copy.Length] ^= 0x40;
            body = copy;
        }
        int until = request.CutAt is { } cut ? cut % (body.Length + 1) : body.Length;
        for (int sent = 0; sent < until;)
        {
            int length = Math.Min(request.ChunkBytes, until - sent);
            await response.Body.WriteAsync(body.Slice(sent, length), context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
            sent += length;
            request.Sent = sent;
            if (request.AfterChunk is { } after)
                await after(context.RequestAborted);
        }
        if (request.CutAt is not null)
            context.Abort();
    }

    public static void Refuse(HttpResponse response, int status, string? code = null)
    {
        response.StatusCode = status;
        if (code is not null)
            response.Headers["X-Error-Code"] = code;
    }
}
