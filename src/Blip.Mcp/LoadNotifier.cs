using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>Tells a client that asked for progress the progress of the model's load.</summary>
internal sealed class LoadNotifier(McpServer server, ProgressToken token) : IProgress<LoadProgress>
{
    private readonly Lock _gate = new();
    private int _reports;

    /// <summary>Done when every report so far is sent, each after the one before it.</summary>
    public Task Sent { get; private set; } = Task.CompletedTask;

    public void Report(LoadProgress value)
    {
        lock (_gate)
        {
            // The protocol wants progress to grow, so reports without bytes are counted.
            float done = value.Download?.Bytes ?? ++_reports;
            string message = $"{value.Stage} {value.Model}";
            ProgressNotificationValue progress = new() { Progress = done, Total = value.Download?.Size, Message = message };
            Sent = SendAfterAsync(Sent, progress);
        }
    }

    private async Task SendAfterAsync(Task before, ProgressNotificationValue progress)
    {
        await before.ConfigureAwait(false);
        await server.NotifyProgressAsync(token, progress).ConfigureAwait(false);
    }
}
