using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>A process that may use one processor of several takes no more processor time by default than with one thread.</summary>
[Trait("Category", "Long")]
public sealed class ThreadsTests
{
    private const int MostRounds = 8;
    private const double Allowed = 1.1;

    [Fact]
    public async Task Ask_OnOneProcessor_TakesNoMoreProcessorTimeThanOneThread()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/taskset"), "There is no taskset here, which gives a process one processor.");
        using TempFolder folder = new();
        string batch = Path.Combine(folder.Path, "questions.jsonl");
        string line = JsonSerializer.Serialize(new { image = TestPaths.Sample("dogs.jpg"), question = "is there a cat?" });
        File.WriteAllLines(batch, Enumerable.Repeat(line, TestScale.Of(2000)));
        double byDefault = double.MaxValue, oneThread = double.MaxValue;
        // Other work on the machine only ever adds time, so the least of some rounds counts.
        for (int round = 0; round < MostRounds && (round == 0 || byDefault > Allowed * oneThread); round++)
        {
            byDefault = Math.Min(byDefault, await ProcessorSecondsAsync("ask", "--batch", batch, "--device", "cpu"));
            oneThread = Math.Min(oneThread, await ProcessorSecondsAsync("ask", "--batch", batch, "--device", "cpu", "--threads", "1"));
        }
        TestContext.Current.SendDiagnosticMessage($"{byDefault:0.00} s by default, {oneThread:0.00} s with one thread");
        Assert.InRange(byDefault, 0, Allowed * oneThread);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1025")]
    [InlineData("many")]
    public async Task Ask_ThreadsThatCannotBe_AreWrongUse(string threads)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", TestPaths.Sample("dogs.jpg"), "how many?", "--threads", threads);
        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Contains("--threads", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private static async Task<double> ProcessorSecondsAsync(params string[] arguments)
    {
        // The shell tells the time of its children: user and system, 0m1.23s each, in its second line.
        ProcessStartInfo start = new("sh") { RedirectStandardOutput = true };
        const string Script = "taskset -c $0 dotnet \"$@\" > /dev/null 2>&1 || exit 1; times";
        foreach (string argument in (string[])["-c", Script, FirstProcessor(), BlipProcess.Program, .. arguments])
            start.ArgumentList.Add(argument);
        using Process shell = Process.Start(start)!;
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, shell.ExitCode);
        return output.Split('\n')[1].Split(' ').Sum(Seconds);
    }

    private static double Seconds(string time)
    {
        string[] parts = time.Split('m', 's');
        return (60 * double.Parse(parts[0], CultureInfo.InvariantCulture)) + double.Parse(parts[1], CultureInfo.InvariantCulture);
    }

    private static string FirstProcessor()
    {
        const string Name = "Cpus_allowed_list:";
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line[Name.Length..].Trim().Split(',', '-')[0];
    }
}
