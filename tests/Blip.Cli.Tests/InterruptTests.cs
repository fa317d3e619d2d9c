using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>Ctrl+C while a command waits for standard input ends the command at once, although the read cannot be cancelled.</summary>
public class InterruptTests
{
    private const int Interrupt = 2;

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

    private static async Task AssertEndsAsync(Process process)
    {
        try
        {
            Assert.Equal(0, Kill(process.Id, Interrupt));
            string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(130, process.ExitCode);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
