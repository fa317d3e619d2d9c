using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Blip.Plugin.Tests.Images;

/// <summary>
/// A listener on loopback that counts connections and lets a function of the test write the answer for a path. It uses raw sockets,
/// because no proper server gives the answers that are tested.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly List<TcpListener> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, Stream, CancellationToken, Task> _answer;
    private int _connections;

    public LoopbackServer(Func<string, Stream, CancellationToken, Task> answer, params IPAddress[] addresses)
    {
        _answer = answer;
        foreach (IPAddress address in addresses.Length > 0 ? addresses : [IPAddress.Loopback])
        {
            TcpListener listener = new(address, Port);
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            _listeners.Add(listener);
            _accepting.Add(AcceptAsync(listener));
        }
    }

    public int Port { get; }

    public int Connections => Volatile.Read(ref _connections);

    public List<string> Requests { get; } = [];

    public string Url(string path = "/image", string host = "127.0.0.1") => FormattableString.Invariant($"http://{host}:{Port}{path}");

    public static Task Image(string path, Stream stream, CancellationToken cancellationToken) =>
        Write(stream, "200 OK", "Content-Length: 5\r\n", "image");

    public static Task Write(Stream stream, string status, string headers, string body) =>
        stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\n{headers}\r\n{body}")).AsTask();

    public static Task Redirect(Stream stream, string location, int status = 302) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(
            FormattableString.Invariant($"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listeners.ForEach(listener => listener.Dispose());
        await Task.WhenAll(_accepting);
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Stopped, before this waits again or while it waits.
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                StringBuilder head = new();
                byte[] one = new byte[1];
                while (await stream.ReadAsync(one, _stop.Token) == 1)
                {
                    head.Append((char)one[0]);
                    if (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                        continue;
                    string request = head.ToString();
                    lock (Requests)
                        Requests.Add(request);
                    await _answer(request.Split(' ')[1], stream, _stop.Token);
                    head.Clear();
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The client closed the connection, as it should after most of these answers.
        }
    }
}
