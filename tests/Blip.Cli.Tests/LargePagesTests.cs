using System.Diagnostics;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

[Trait("Category", "Long")]
public class LargePagesTests
{
    [Fact]
    public async Task Ask_InInt8_StartsAgainWithItsWordsAndItsInput()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Large pages are asked for under Linux.");
        using Process process = BlipProcess.Start(
            "ask", "-", "how many dogs\nare in the \"picture\"?", "--model", TestPaths.DemoModel, "--precision", "int8", "--device", "cpu");
        CancellationToken stop = TestContext.Current.CancellationToken;
        while (!File.ReadAllText($"/proc/{process.Id}/environ").Contains("glibc.malloc.hugetlb=1", StringComparison.Ordinal))
        {
            Assert.False(process.HasExited);
            await Task.Delay(10, stop);
        }
        await process.StandardInput.BaseStream.WriteAsync(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg"), stop), stop);
        process.StandardInput.Close();
        Assert.Equal("2\n", await process.StandardOutput.ReadToEndAsync(stop));
        await process.WaitForExitAsync(stop);
        Assert.Equal(0, process.ExitCode);
    }
}
