using System.Net;
using System.Net.Sockets;

namespace Blip.Functions.Tests;

/// <summary>A port that leads to another one of this machine, unless it is away: then it closes every connection.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly Task _accepting;

    public Relay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public bool IsAway { get; set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient target = new();
        using (client)
        {
            if (IsAway)
                return;
            try
            {
                await target.ConnectAsync(IPAddress.Loopback, _target);
                await using NetworkStream near = client.GetStream(), far = target.GetStream();
                await Task.WhenAny(near.CopyToAsync(far), far.CopyToAsync(near));
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                // One side closed the connection.
            }
        }
    }
}
