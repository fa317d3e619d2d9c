using System.Diagnostics;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>The scripts of <c>blip completion</c>; that of bash in a real bash.</summary>
[Trait("Category", "Long")]
public class CompletionTests
{
    [Theory]
    [InlineData("blip a", "ask")]
    [InlineData("blip ask --prec", "--precision")]
    [InlineData("blip ask --precision f", "fp16 fp32")]
    [InlineData("blip models r", "remove")]
    [InlineData("blip ask ", "")]
    [InlineData("blip ask /", "")]
    public async Task Bash_OffersWhatBeginsLikeTheWord(string line, string offered)
    {
        // What bash sets before it calls the function that complete names.
        const string Script = """
            program=$2
            blip() { dotnet "$program" "$@"; }
            eval "$(blip completion bash)"
            complete -p blip
            read -ra COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
            _blip
            echo "${COMPREPLY[*]}"
            """;
        ProcessStartInfo start = new("bash", ["--norc", "-c", Script, "bash", line, BlipProcess.Program]) { RedirectStandardOutput = true };
        using Process bash = Process.Start(start)!;
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal($"complete -o default -F _blip blip\n{offered}\n", output);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("pwsh")]
    public async Task Script_AsksBlipByTheDirective(string shell)
    {
        BlipProcess.Result script = await BlipProcess.RunAsync("completion", shell);
        Assert.Equal((0, ""), (script.Code, script.Error));
        Assert.Contains("blip \"[suggest:", script.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directive_ListsWhatMayFollow()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("[suggest:11]", "completion ");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Subset(result.Lines.ToHashSet(), new HashSet<string> { "bash", "pwsh", "zsh" });
    }
}
