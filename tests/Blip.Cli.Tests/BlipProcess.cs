using System.Diagnostics;
using System.Reflection;

namespace Blip.Tests;

/// <summary>Runs the command as a process, as a user does.</summary>
internal static class BlipProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>The command's assembly, for <c>dotnet</c>.</summary>
    public static string Program { get; } =
        typeof(BlipProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipExecutable").Value!;

    public sealed record Result(int Code, string Out, string Error)
    {
        public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public static Process Start(params string[] arguments) => Start(Program, arguments);

    /// <param name="folder">Where it is started.</param>
    /// <param name="arguments">Its words.</param>
    public static Process StartIn(string folder, params string[] arguments) => Start(Program, arguments, folder: folder);

    public static Process Start(string[] arguments, IReadOnlyDictionary<string, string> environment) =>
        Start(Program, arguments, environment);

    private static Process Start(
        string program, string[] arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        // A background job of a shell ignores SIGINT, and its child processes do too. A user's command does not, so env resets that.
        bool reset = OperatingSystem.IsLinux();
        ProcessStartInfo start = new(reset ? "env" : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? TestPaths.Root,
        };
        if (reset)
        {
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add("dotnet");
        }
        start.ArgumentList.Add(program);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["NO_COLOR"] = "1";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Acts as soon as <paramref name="reached"/> is true or the process has ended.</summary>
    /// <remarks>On a thread of its own: the thread pool is late by seconds where other tests keep it busy.</remarks>
    public static Task<T> WhenAsync<T>(this Process process, Func<bool> reached, Func<T> act) => Task.Factory.StartNew(
        () =>
        {
            while (!process.HasExited && !reached())
                Thread.Sleep(1);
            return act();
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Kills the process a time after <paramref name="reached"/> is true; false where it ended before.</summary>
    public static Task<bool> KillWhenAsync(this Process process, Func<bool> reached, TimeSpan after) => process.WhenAsync(reached, () =>
    {
        Thread.Sleep(after);
        bool ended = process.HasExited;
        process.Kill();
        process.WaitForExit();
        return !ended && process.ExitCode != 0;
    });

    public static Task<Result> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public static async Task<Result> RunAsync(
        Stream? input, string[] arguments, string? program = null, IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null, TimeSpan? within = null)
    {
        using Process process = Start(program ?? Program, arguments, environment, folder);
        using CancellationTokenSource limit = new(within ?? Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
        if (input is not null)
            await input.CopyToAsync(process.StandardInput.BaseStream, limit.Token);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new Result(process.ExitCode, await output, await error);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
