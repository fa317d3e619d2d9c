using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>Ctrl+C while a command waits for standard input ends the command at once, although the read cannot be cancelled.</summary>
[Trait("Category", "Long")]
public class InterruptTests
{
    private const int Interrupt = 2, Terminate = 15;

    public static TheoryData<string[], string> BatchCommands => new()
    {
        { ["ask", "--batch", "-"], JsonSerializer.Serialize(new { image = TestPaths.Sample("dogs.jpg"), question = "is there a cat?" }) },
        { ["tokenize", "--batch", "-"], "\"a cat\"" },
        { ["detokenize", "--batch", "-"], "[1]" },
        { ["preprocess", "--batch", "-", "--out"], JsonSerializer.Serialize(TestPaths.Sample("dogs.jpg")) },
    };

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(BatchCommands))]
    public async Task Interrupt_WaitingForTheNextLine_EndsWith130(string[] arguments, string line)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        using TempFolder folder = new();
        using Process process = BlipProcess.Start(arguments[^1] == "--out" ? [.. arguments, folder.Path] : arguments);
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        await AssertEndsAsync(process);
    }

    [Fact(Timeout = 60_000)]
    public async Task Interrupt_WaitingForAnImage_EndsWith130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        using Process process = BlipProcess.Start("ask", "-", "is there a cat?");
        Assert.NotNull(await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken));
        await AssertEndsAsync(process);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("ask", "PIPE", "is there a cat?")]
    [InlineData("ask", "--batch", "PIPE")]
    [InlineData("tokenize", "--batch", "PIPE")]
    [InlineData("preprocess", "PIPE", "--out", "x.safetensors")]
    public async Task Interrupt_WaitingForAPipeThatNobodyWrites_EndsWith130(params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        using TempFolder folder = new();
        string pipe = await MakePipeAsync(folder);
        using Process process = BlipProcess.Start([.. arguments.Select(word => word == "PIPE" ? pipe : word)]);
        await Task.Delay(2000, TestContext.Current.CancellationToken);
        Assert.False(process.HasExited);
        await AssertEndsAsync(process);
    }

    [Fact(Timeout = 60_000)]
    public async Task Interrupt_AmongManyImages_KeepsWhatIsPrinted_AndSaysHowManyAreDone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        const int Images = 4000;
        using Process process = BlipProcess.Start(
            ["ask", .. Enumerable.Repeat(TestPaths.Sample("dogs.jpg"), Images), "is there a cat?", "--json"]);
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Task<string> rest = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await AssertEndsAsync(process);
        string[] answers = (await rest).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(answers, line => Assert.EndsWith("}", line, StringComparison.Ordinal));
        Assert.InRange(answers.Length, 0, Images - 2);
        Assert.Contains($"blip: stopped after {answers.Length + 1} of {Images} images.", error, StringComparison.Ordinal);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(Interrupt, "info")]
    [InlineData(Terminate, "ask", "DOGS", "is there a cat?")]
    [InlineData(Interrupt, "warm", "--precision", "int8")]
    [InlineData(Terminate, "tokenize", "a cat")]
    public async Task Signal_AtAnyMoment_EndsTheProcess(int signal, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        Random random = new(signal);
        for (int i = 0; i < 6; i++)
        {
            using Process process = BlipProcess.Start([.. arguments.Select(word => word == "DOGS" ? TestPaths.Sample("dogs.jpg") : word)]);
            await Task.Delay(random.Next(1500), TestContext.Current.CancellationToken);
            _ = Kill(process.Id, signal);
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(15));
            try
            {
                await process.WaitForExitAsync(limit.Token);
                // It was done before, ended by itself, or had not come to handle signals.
                Assert.Contains(process.ExitCode, (int[])[0, 128 + signal]);
                Assert.DoesNotContain("   at ", await process.StandardError.ReadToEndAsync(limit.Token), StringComparison.Ordinal);
            }
            finally
            {
                process.Kill();
            }
        }
    }

    private static async Task<string> MakePipeAsync(TempFolder folder)
    {
        string pipe = Path.Combine(folder.Path, "pipe");
        using Process make = Process.Start("mkfifo", [pipe]);
        await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        return pipe;
    }

    private static async Task<string> AssertEndsAsync(Process process)
    {
        try
        {
            Assert.Equal(0, Kill(process.Id, Interrupt));
            string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(130, process.ExitCode);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
            return error;
        }
        finally
        {
            process.Kill();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
