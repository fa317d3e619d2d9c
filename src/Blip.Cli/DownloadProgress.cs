using System.Collections.Concurrent;
using System.Globalization;
using Blip.Cli.Terminals;
using Blip.Hub;
using Spectre.Console;

namespace Blip.Cli;

/// <summary>Shows downloads on stderr. A terminal shows a bar for each file; elsewhere each finished file gets a line.</summary>
internal sealed class DownloadProgress : IProgress<HubProgress>, IProgress<LoadProgress>
{
    private readonly ConcurrentDictionary<string, ProgressTask> _bars = new(StringComparer.Ordinal);
    private ProgressContext? _terminal;

    /// <summary>Runs work that may download a model, and shows the downloads.</summary>
    public static async Task<T> ShowAsync<T>(string model, Func<DownloadProgress, Task<T>> work)
    {
        DownloadProgress progress = new();
        if (Console.IsErrorRedirected || !ModelLocator.MayDownload(model))
            return await work(progress);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new DownloadedColumn { Culture = CultureInfo.InvariantCulture },
                new TransferSpeedColumn { Culture = CultureInfo.InvariantCulture },
                new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                progress._terminal = context;
                return await work(progress);
            });
    }

    public void Report(LoadProgress value)
    {
        if (value.Download is { } download)
            Report(download);
    }

    public void Report(HubProgress value)
    {
        if (_terminal is { } terminal)
        {
            ProgressTask bar = _bars.GetOrAdd(value.File, file => terminal.AddTask(Markup.Escape(file), maxValue: value.FileSize));
            bar.Value = value.FileBytes;
        }
        else if (value.FileDone)
        {
            string whole = $"{Units.Bytes(value.Bytes)} of {Units.Bytes(value.Size)} in total";
            Console.Error.WriteLine($"{value.File}: {Units.Bytes(value.FileSize)}, {whole}");
        }
    }
}
