using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

public class CommandLineTests
{
    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    public static TheoryData<string[], int, string> Wrong => new()
    {
        { [], 2, "command" },
        { ["askk"], 2, "askk" },
        { ["ask"], 2, "image and a question" },
        { ["ask", Dogs], 2, "question" },
        { ["ask", Dogs, "what?", "--nope"], 2, "--nope" },
        { ["ask", Dogs, "what?", "-x"], 2, "no option -x" },
        { ["tokenize", "-x"], 2, "no option -x" },
        { ["ask", Dogs, "what?", "--clean-up", "maybe"], 2, "--clean-up is maybe" },
        { ["ask", Dogs, "what?", "--model", ""], 2, "--model" },
        { ["ask", Dogs, "what?", "--device", "tpu"], 2, "--device" },
        { ["ask", Dogs, "what?", "--precision", "fp64"], 2, "--precision" },
        { ["ask", Dogs, "what?", "--max-new-tokens", "0"], 2, "--max-new-tokens" },
        { ["ask", Dogs, "what?", "--max-new-tokens", "many"], 2, "many" },
        { ["ask", Dogs, "what?", "--batch", "x"], 2, "--batch" },
        { ["ask", Dogs, "what?", "--image-size", "0"], 2, "--image-size is 0, but must be 1 to 8192" },
        { ["ask", Dogs, "what?", "--image-size", "big"], 2, "big" },
        { ["ask", Dogs, "what?", "--image-size", "9"], 1, "this model takes 16" },
        { ["tokenize"], 2, "TEXT" },
        { ["detokenize"], 2, "--batch" },
        { ["preprocess", Dogs], 2, "--out" },
        { ["preprocess", Dogs, "--out", "x.gif"], 2, ".png" },
        { ["ask", "no/such.jpg", "what?"], 1, "no/such.jpg" },
        { ["ask", "two\nlines.jpg", "what?"], 1, "two lines.jpg" },
        { ["preprocess", Dogs, "--out", "no/such/x.png"], 1, "no/such/x.png" },
        { ["ask", TestPaths.DemoModel, "what?"], 1, "directory" },
        { ["ask", Dogs, "   "], 1, "question" },
        { ["ask", Dogs, "what?", "--device", "cuda"], 1, "CUDA" },
        { ["ask", Dogs, "what?", "--precision", "fp16"], 1, "fp16" },
        { ["ask", Dogs, "what?", "--model", "/no/such model"], 1, "/no/such model" },
        { ["ask", "--batch", "/no/such.jsonl"], 1, "such.jsonl" },
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
        Assert.Contains(says, result.ErrorLines[^1], StringComparison.OrdinalIgnoreCase);
        Assert.InRange(result.ErrorLines.Length, 1, 2);
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
