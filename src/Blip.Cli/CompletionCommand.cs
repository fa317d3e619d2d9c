using System.CommandLine;

namespace Blip.Cli;

/// <summary>
/// <c>blip completion</c>: prints the script that completes the command in a shell. The script asks <c>blip "[suggest:N]" "LINE"</c>, where
/// LINE is what follows <c>blip</c>, up to the cursor at N. Options are offered where a dash is written, files where nothing else fits.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # Completes blip in bash. In ~/.bashrc: eval "$(blip completion bash)"
        _blip() {
            local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} suggestion
            line=${line#*[[:space:]]}
            COMPREPLY=()
            while IFS= read -r suggestion; do
                suggestion=${suggestion%$'\r'}
                if [[ $suggestion == "$word"* && ($word == -* || $suggestion != [-/]*) ]]; then
                    COMPREPLY+=("$suggestion")
                fi
            done < <(blip "[suggest:${#line}]" "$line" 2>/dev/null)
        }
        complete -o default -F _blip blip
        """;

    private const string Zsh = """
        # Completes blip in zsh. In ~/.zshrc, after compinit: eval "$(blip completion zsh)"
        _blip() {
            local line="${(j: :)words[2,CURRENT]}"
            local -a suggestions=("${(@f)$(blip "[suggest:${#line}]" "$line" 2>/dev/null)}")
            [[ $PREFIX == -* ]] || suggestions=("${(@)suggestions:#[-/]*}")
            compadd -a suggestions || _files
        }
        compdef _blip blip
        """;

    private const string PowerShell = """
        # Completes blip in PowerShell. In $PROFILE: blip completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName blip -ScriptBlock {
            param($word, $command, $position)
            $length = $position - $command.Extent.StartOffset
            $line = $command.ToString().PadRight($length).Substring(0, $length) -replace '^\S+\s?', ''
            blip "[suggest:$($line.Length)]" $line 2>$null |
                Where-Object { $_.StartsWith($word) -and ($word.StartsWith('-') -or $_ -notmatch '^[-/]') } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }
        """;

    private static readonly string[] Shells = ["bash", "zsh", "pwsh"];

    private static readonly Argument<string> Shell = new("SHELL") { Description = "bash, zsh or pwsh." };

    static CompletionCommand()
    {
        Shell.CompletionSources.Add(Shells);
        Shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var shell }] && !Shells.Contains(shell))
                result.AddError($"SHELL is {shell}, but must be one of {string.Join(", ", Shells)}.");
        });
    }

    public static Command Create()
    {
        Verb command = new(
            "completion", "Print a script that completes blip in a shell.",
            "eval \"$(blip completion bash)\"") { Shell };
        command.SetAction(parsed => Console.Out.WriteLine(parsed.GetRequiredValue(Shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            _ => PowerShell,
        }));
        return command;
    }
}
