using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

public class CommandLineTests
{
    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    // MistakeTests has those that need no file of this repository.
    public static TheoryData<string[], int, string> Wrong => new()
    {
        { [], 2, "Exit codes" },
        { ["ask", Dogs, "what?", "--image-size", "9"], 1, "it must be 16" },
        { ["ask", TestPaths.DemoModel, "what?"], 1, "no image in the folder" },
        { ["ask", Dogs, "what?", "--device", "cuda"], 1, "CUDA" },
        { ["ask", Dogs, "what?", "--precision", "fp16"], 1, "fp16" },
        { ["ask", Dogs, "what?", "--model", "/no/such model"], 1, "/no/such model" },
        { ["ask", "ftp://127.0.0.1/x.jpg", "what?"], 1, "ftp" },
        { ["info", "--model", TestPaths.Sample("")], 1, "config.json" },
        { ["export", "--out", TestPaths.DemoModel], 1, "empty" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task WrongUseOrInput_IsOneClearLineAndNothingOnStdout(string[] arguments, int code, string says)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync(arguments);
        Assert.Equal(code, result.Code);
        Assert.Empty(result.Out);
        Assert.Contains(says, arguments.Length > 0 ? result.ErrorLines[^1] : result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.True(arguments.Length == 0 || result.ErrorLines.Length is 1 or 2);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blip [command] [options]", "--help")]
    [InlineData("0.", "--version")]
    [InlineData("blip ask [<IMAGE... QUESTION>...] [options]", "ask", "--help")]
    [InlineData("blip models remove <ID> [options]", "models", "remove", "--help")]
    public async Task Help_IsOnStdoutWithZero(string says, params string[] arguments)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync(arguments);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains(says, result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_SaysWhatIsMissingForCuda()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("doctor");
        Assert.Equal(0, result.Code);
        Assert.Contains("CPUExecutionProvider", result.Out, StringComparison.Ordinal);
        Assert.Contains("device auto   cpu", result.Out, StringComparison.Ordinal);
        Assert.Contains("cudnn", result.Out, StringComparison.Ordinal);
    }
}
