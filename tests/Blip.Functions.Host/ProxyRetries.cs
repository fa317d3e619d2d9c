namespace Blip.Functions.Host;

/// <summary>
/// Repeats a forwarded request as the platform's proxy does: ten tries, 50 to 250 ms apart, whatever broke. A body that was read once
/// cannot be sent again, so if the worker closes the connection while the body is being sent, all tries fail.
/// </summary>
internal sealed class ProxyRetries(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxTries = 10;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(50);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException) when (attempt < MaxTries)
            {
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                await Task.Delay(pause, cancellationToken);
            }
        }
    }
}
