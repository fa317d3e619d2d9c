using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Blip.Tests;

namespace Blip.Cli.Tests;

/// <summary>Runs the command in a terminal, as <c>script</c> makes one: what a person sees, and the keys that a person presses.</summary>
internal sealed partial class Pty : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private readonly Process _process;
    private readonly StringBuilder _seen = new();
    private int _read;

    private Pty(Process process) => _process = process;

    /// <param name="columns">The terminal's width.</param>
    /// <param name="folder">Where it is started.</param>
    /// <param name="line">What a shell there runs; $blip is the command.</param>
    public static Pty Start(int columns, string folder, string line)
    {
        string shell = $"stty cols {columns} rows 24; blip=\"dotnet {BlipProcess.Program}\"; {line}";
        // As in BlipProcess: what ignores SIGINT gets no Ctrl+C from its terminal.
        ProcessStartInfo start = new(
            "env", ["--default-signal=INT", "script", "--quiet", "--return", "--flush", "--command", shell, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["SHELL"] = "/bin/bash";
        // What the user of this machine has typed is not touched.
        start.Environment["BLIP_HISTORY"] = "";
        return new Pty(Process.Start(start)!);
    }

    /// <summary>Presses keys.</summary>
    public async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until this is seen, after what was waited for before.</summary>
    /// <returns>All that was seen since then, without colours.</returns>
    public async Task<string> SeeAsync(string text)
    {
        using CancellationTokenSource limit = new(Limit);
        char[] buffer = new char[4096];
        while (true)
        {
            string plain = ColourForm.Replace(_seen.ToString(), "");
            int found = plain.IndexOf(text, _read, StringComparison.Ordinal);
            if (found >= 0)
            {
                string since = plain[_read..(found + text.Length)];
                _read = found + text.Length;
                return since;
            }
            int count;
            try
            {
                count = await _process.StandardOutput.ReadAsync(buffer, limit.Token);
            }
            catch (OperationCanceledException)
            {
                count = 0;
            }
            if (count == 0)
                throw new InvalidOperationException($"'{text}' was not seen, but: {plain}");
            _seen.Append(buffer, 0, count);
        }
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code, and all that was seen, without colours.</returns>
    public async Task<(int Code, string Seen)> EndAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        _seen.Append(await _process.StandardOutput.ReadToEndAsync(limit.Token));
        await _process.WaitForExitAsync(limit.Token);
        return (_process.ExitCode, ColourForm.Replace(_seen.ToString(), ""));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // .NET asks for application keys where it first uses the terminal.
    [GeneratedRegex(@"\e\[[0-9;]*m|\e\[\?1[hl]|\e[=>]")]
    private static partial Regex ColourForm { get; }
}
