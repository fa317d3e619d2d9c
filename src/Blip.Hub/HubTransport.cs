using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Blip.Hub;

/// <summary>
/// Requests to the hub. Follows redirects itself, so that it can send the token to the endpoint only. Separates temporary failures
/// from permanent ones, and repeats a request after a temporary failure.
/// </summary>
internal sealed class HubTransport : IDisposable
{
    private const int MaxRedirects = 5;
    private const long MaxFileBytes = 1L << 40;   // so the sum of the sizes that the hub states fits in a long

    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(10);   // a hub counts requests in windows of five
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(16);

    private readonly HttpClient _http;
    private readonly HubSettings _settings;
    private readonly ILogger _logger;
    private readonly Lock _randomLock = new();

    public HubTransport(HubSettings settings, ILogger logger, HttpMessageHandler? handler)
    {
        _settings = settings;
        _logger = logger;
        // Each wait has a timeout of its own. A good download may take much longer than one timeout.
        _http = new HttpClient(handler ?? CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        string? version = typeof(HubTransport).Assembly.GetName().Version?.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Blip", version));
        // Sizes, ranges and hashes are those of the file itself, so it must not be compressed on the way.
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>
    /// Asks for the description of a file at a revision. <c>File</c> is null when there is no such file. <c>Sure</c> is false when
    /// only a 404 without an error code said so.
    /// </summary>
    public async Task<(HubFile? File, bool Sure)> AskAsync(
        HubModelId model, string revision, string name, int retries, CancellationToken cancellationToken)
    {
        bool doubtful = false;
        return await RetryAsync(name, retries, async token =>
        {
            using HttpResponseMessage response = await SendAsync(HttpMethod.Head, AddressOf(model, revision, name), 0, token)
                .ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound
                && (name != HubCheckpointFiles.Config || HubErrors.CodeOf(response) == HubErrors.EntryNotFound))
            {
                switch (HubErrors.CodeOf(response))
                {
                    case HubErrors.EntryNotFound:
                        return (null, true);
                    case null when doubtful || retries == 0:   // a mirror that gives no codes
                        return (null, false);
                    case null:
                        doubtful = true;
                        throw new HubAttemptException("it answered 404 without saying what is missing");
                }
            }
            if (!response.IsSuccessStatusCode && !IsRedirect(response.StatusCode))
                ThrowFor(response, model, revision, name);
            return ((HubFile?)ReadFile(response, revision, name), true);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One request for a file's bytes from an offset to the end. The caller disposes the response: 200, 206 or 416.</summary>
    public async Task<HttpResponseMessage> GetAsync(HubModelId model, HubFile file, long from, CancellationToken cancellationToken)
    {
        Uri address = AddressOf(model, file.Commit, file.Name);
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, address, from, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        using (response)
        {
            // A refusal by the storage host says nothing about the model: its address was signed for a limited time, which may be over.
            if (response.RequestMessage?.RequestUri is { } last && !IsEndpoint(last) && (int)response.StatusCode is >= 400 and < 500
                && response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests))
            {
                int status = (int)response.StatusCode;
                throw new HubAttemptException(FormattableString.Invariant($"its storage {last.Authority} answered {status}"))
                {
                    IfRepeated = HubErrors.StorageRefused(_settings, last, status, file.Name),
                };
            }
            ThrowFor(response, model, file.Commit, file.Name);
        }
        return response;
    }

    /// <summary>The storage that gave a response; null: the hub did.</summary>
    public string? StorageOf(HttpResponseMessage response) => response.RequestMessage?.RequestUri is { } last ? StorageAt(last) : null;

    /// <summary>
    /// Repeats an attempt while it fails with <see cref="HubAttemptException"/>. Waits longer before each retry, or as long as the
    /// server asks.
    /// </summary>
    public async Task<T> RetryAsync<T>(
        string what, int retries, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        TimeProvider time = _settings.Options.TimeProvider;
        int failures = 0;
        bool isRepeated = false;
        TimeSpan lost = TimeSpan.Zero, waited = TimeSpan.Zero;   // since the last progress: without an answer, and as the server asked
        for (int attempts = 1; ; attempts++)
        {
            long start = time.GetTimestamp();
            try
            {
                return await attempt(cancellationToken).ConfigureAwait(false);
            }
            catch (HubAttemptException e)
            {
                if (e.MadeProgress)
                    (failures, lost, waited) = (0, TimeSpan.Zero, TimeSpan.Zero);
                failures++;
                if (isRepeated && e.IfRepeated is not null)
                    throw e.IfRepeated;
                if (isRepeated && e.IsChangeless)
                    throw HubErrors.NoAttemptLeft(_settings, what, attempts, e);
                isRepeated = e.IfRepeated is not null || e.IsChangeless;
                TimeSpan taken = time.GetElapsedTime(start), delay = e.RetryAfter ?? Backoff(failures);
                if (e.RetryAfter is null)
                    lost += taken + delay;
                else
                    waited += delay;
                if (failures > retries || waited > MaxRetryAfter || lost + taken > _settings.Options.MostLost)
                    throw HubErrors.NoAttemptLeft(_settings, what, attempts, e);
                _logger.Retrying(what, e.Message, attempts + 1, Durations.Describe(delay));
                await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        if (_settings.Authorities is { } authorities)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        return handler;
    }

    private Uri AddressOf(HubModelId model, string revision, string name) =>
        new($"{_settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{model.Repository}/resolve/"
            + $"{Uri.EscapeDataString(revision)}/{Uri.EscapeDataString(name)}");

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long from, CancellationToken cancellationToken)
    {
        bool mayHaveToken = true;   // false from the first redirect that leaves the endpoint on, even if a later one leads back
        for (int hop = 0; ; hop++)
        {
            mayHaveToken = mayHaveToken && IsEndpoint(address);
            using HttpRequestMessage request = new(method, address);
            if (mayHaveToken && _settings.SentToken is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (from > 0)
                request.Headers.Range = new RangeHeaderValue(from, null);
            HttpResponseMessage response = await SendOnceAsync(request, cancellationToken).ConfigureAwait(false);
            if (!IsRedirect(response.StatusCode) || (method == HttpMethod.Head && DescribesFile(response)))
                return response;
            bool hasTarget = Uri.TryCreate(address, response.Headers.Location, out Uri? next);
            response.Dispose();
            if (!hasTarget || next is null || hop == MaxRedirects || !MayFollow(address, next)
                || (method == HttpMethod.Head && !IsEndpoint(next)))
                throw HubErrors.NotAHub(_settings, "a redirect that is not allowed");
            address = next;
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        TimeSpan timeout = request.Method == HttpMethod.Head ? _settings.DescriptionTimeout : _settings.AnswerTimeout;
        using CancellationTokenSource idle = new(timeout, _settings.Options.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        Uri address = request.RequestUri!;
        string host = ProxyOf(address) is { } proxy ? $"the proxy {proxy.Authority} (HTTPS_PROXY, HTTP_PROXY)" : address.Host;
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            throw HubErrors.NotSecure(address, e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ProxyTunnelError)
        {
            throw HubErrors.ProxyRefused(host, address, e);
        }
        catch (HttpRequestException e)
        {
            throw new HubAttemptException($"{host} cannot be reached ({e.HttpRequestError})", innerException: e)
            {
                Storage = StorageAt(address),
            };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubAttemptException($"{host} does not answer", innerException: e) { Storage = StorageAt(address) };
        }
    }

    // Without user and password, which a proxy's address may have.
    private static Uri? ProxyOf(Uri address) =>
        HttpClient.DefaultProxy.IsBypassed(address) || HttpClient.DefaultProxy.GetProxy(address) is not { } proxy || proxy == address
            ? null
            : new UriBuilder(proxy) { UserName = "", Password = "" }.Uri;

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    // The hub describes a large file already in the redirect to its storage, so no request to the storage is necessary.
    private static bool DescribesFile(HttpResponseMessage response) =>
        HubErrors.Header(response, "X-Linked-Etag") is not null && HubErrors.Header(response, "X-Linked-Size") is not null;

    private bool IsEndpoint(Uri address) =>
        address.Scheme == _settings.Endpoint.Scheme && address.Port == _settings.Endpoint.Port
        && string.Equals(address.IdnHost, _settings.Endpoint.IdnHost, StringComparison.OrdinalIgnoreCase);

    private string? StorageAt(Uri address) => IsEndpoint(address) ? null : address.Authority;

    private static bool MayFollow(Uri from, Uri to) => to.UserInfo.Length == 0
        && (to.Scheme == Uri.UriSchemeHttps
            || (to.Scheme == Uri.UriSchemeHttp && (from.Scheme == Uri.UriSchemeHttp || to.IsLoopback)));

    private void ThrowFor(HttpResponseMessage response, HubModelId model, string revision, string name)
    {
        if (HubErrors.Final(response, _settings, model, revision, name) is { } final)
            throw final;
        RetryConditionHeaderValue? wait = response.Headers.RetryAfter;
        TimeSpan? after = wait?.Delta ?? wait?.Date - _settings.Options.TimeProvider.GetUtcNow()
            ?? HubErrors.SecondsOf(HubErrors.Header(response, "Retry-After")) ?? HubErrors.RateLimitOf(response);
        string request = after > TimeSpan.Zero
            ? $" and asks the client to wait {Durations.Describe(after.Value)}"
            : "";
        throw new HubAttemptException(HubErrors.Describe(response.StatusCode) + request, after > TimeSpan.Zero ? after : null)
        {
            Storage = StorageOf(response),
        };
    }

    private HubFile ReadFile(HttpResponseMessage response, string revision, string name)
    {
        string? commit = HubErrors.Header(response, "X-Repo-Commit")?.ToLowerInvariant();
        if (commit is null || !HubModelId.IsCommit(commit) || (HubModelId.IsCommit(revision) && commit != revision))
            throw HubErrors.NotAHub(_settings, $"no commit with {name}");
        string? etag = HubFile.ReadEtag(HubErrors.Header(response, "X-Linked-Etag") ?? HubErrors.Header(response, "ETag"));
        long? size = long.TryParse(HubErrors.Header(response, "X-Linked-Size"), out long linked) ? linked
            : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
        if (etag is null || size is not (>= 0 and <= MaxFileBytes))
            throw HubErrors.NotAHub(_settings, $"no hash or size with {name}");
        return new HubFile(name, commit, etag, size.Value);
    }

    // Full jitter: clients that failed at the same time do not try again at the same time.
    private TimeSpan Backoff(int failures)
    {
        TimeSpan most = failures > 5 ? MaxDelay : FirstDelay * (1 << (failures - 1));
        lock (_randomLock)   // a Random that the caller gives is not thread-safe
            return most * _settings.Options.Random.NextDouble();
    }
}
