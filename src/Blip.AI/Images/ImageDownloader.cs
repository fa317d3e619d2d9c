using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Blip.AI.Images;

/// <summary>Fetches an image from an address that the policy allows. Thread-safe.</summary>
internal sealed class ImageDownloader : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    private readonly WebAddressPolicy _policy;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly Predicate<IPAddress> _mayConnect;
    private readonly int _maxRedirects;
    private readonly int _maxBytes;
    private readonly HttpMessageInvoker _http;

    public ImageDownloader(
        ImageSourceOptions options, Func<string, CancellationToken, Task<IPAddress[]>>? resolve, Predicate<IPAddress>? mayConnect)
    {
        _policy = new WebAddressPolicy(options);
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
        _mayConnect = mayConnect ?? (options.AllowPrivateNetworks ? _ => true : PublicNetworks.Contain);
        _maxRedirects = options.MaxRedirects;
        _maxBytes = options.MaxBytes;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            ConnectTimeout = options.Timeout,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseProxy = options.UseProxy,
            UseCookies = false,
            Credentials = null,
            ActivityHeadersPropagator = null, // foreign hosts get no trace ids
            MaxResponseDrainSize = 0, // the body of a redirect is not read at all
            MaxResponseHeadersLength = 16,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        });
    }

    public async Task<ResolvedImage> GetAsync(string address, CancellationToken cancellationToken)
    {
        Uri uri = _policy.Check(address);
        string host = uri.IdnHost;
        int redirects = 0;
        try
        {
            for (; ; redirects++)
            {
                using HttpResponseMessage response = await SendAsync(uri, cancellationToken).ConfigureAwait(false);
                if (Redirection(response) is not string location)
                    return new ResolvedImage(await ReadAsync(response, host, cancellationToken).ConfigureAwait(false), host);
                if (redirects == _maxRedirects)
                    throw TooManyRedirects(host);
                uri = _policy.CheckRedirect(uri, location);
            }
        }
        catch (BlipException refused)
            when (refused.Code is ImageSourceErrorCode.AddressNotAllowed or ImageSourceErrorCode.HostNotAllowed)
        {
            throw RedirectNotAllowed(refused.Code, host);
        }
        catch (HttpRequestException e) when (e.InnerException is BlipException refused)
        {
            throw redirects == 0 ? new BlipException(refused.Code, refused.Message) : RedirectNotAllowed(refused.Code, host);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Without the cause, which names the address that the host resolved to.
            throw Failed($"'{host}' {Reason(e)} Check the address, or send the image itself.");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri uri, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, uri);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/*"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Blip", typeof(ImageDownloader).Assembly.GetName().Version?.ToString(3)));
        return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal)
            ? [literal]
            : await _resolve(host, cancellationToken).ConfigureAwait(false);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        if (!Array.TrueForAll(addresses, _mayConnect))
            throw WebAddressPolicy.NetworkNotAllowed(host);

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string? Redirection(HttpResponseMessage response) =>
        (int)response.StatusCode is 301 or 302 or 303 or 307 or 308
        && response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values)
            ? values.ToString()
            : null;

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, string host, CancellationToken cancellationToken)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw NoImage(host, response.StatusCode);
        if (response.Content.Headers.ContentLength > _maxBytes)
            throw ImageSource.TooLarge(_maxBytes);

        using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            int count = 0;
            while (true)
            {
                int read = await body.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false);
                count += read;
                if (count > _maxBytes)
                    throw ImageSource.TooLarge(_maxBytes);
                if (read == 0)
                    return buffer[..count];
                if (count == buffer.Length)
                    Grow(ref buffer);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Grow(ref byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }

    private static string Reason(Exception e) => (e as HttpRequestException)?.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError => "has no certificate that this machine trusts.",
        HttpRequestError.ProxyTunnelError =>
            "cannot be reached through the proxy (HTTPS_PROXY, HTTP_PROXY). NO_PROXY names hosts without a proxy.",
        _ when IsUnknownHost(e.InnerException) => "is not a known host.",
        HttpRequestError.ConnectionError => "cannot be reached.",
        _ => "ended its answer early.",
    };

    private static bool IsUnknownHost(Exception? cause) =>
        cause is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain };

    private static BlipException RedirectNotAllowed(string code, string host) => new(
        code,
        $"'{host}' redirects to an address that is not allowed. "
        + "Give the image's final address on an allowed host, or send the image itself.");

    private BlipException TooManyRedirects(string host) => Failed(
        FormattableString.Invariant($"'{host}' redirects more than {_maxRedirects} times. Give the image's final address."));

    private static BlipException NoImage(string host, HttpStatusCode status) => Failed(
        FormattableString.Invariant($"'{host}' answered {(int)status} instead of an image. Check the address, or send the image itself."),
        new HttpRequestException("The host gave no image.", null, status));

    private static BlipException Failed(string message, Exception? cause = null) =>
        new(ImageSourceErrorCode.ImageFetchFailed, message, cause);
}
