using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace Blip.Cli;

/// <summary>Finds what is wrong with the words of a command line, and says it in one sentence.</summary>
internal static class Mistakes
{
    /// <summary>
    /// Keeps a command's own checks from options without their values, which the parser finds by itself: asked for such a value it throws.
    /// </summary>
    public static void Guard(Command command)
    {
        for (int i = 0; i < command.Validators.Count; i++)
        {
            Action<CommandResult> check = command.Validators[i];
            command.Validators[i] = result =>
            {
                if (!result.Children.OfType<OptionResult>().Any(MissesValue))
                    check(result);
            };
        }
        foreach (Command verb in command.Subcommands)
            Guard(verb);
    }

    /// <returns>The sentence, or <see langword="null"/> where nothing is wrong.</returns>
    public static string? Find(RootCommand root, ParseResult parsed)
    {
        // A shell asks for the words that may follow. What is on its line so far need not be right. Help is always right.
        if (root.Directives.OfType<SuggestDirective>().Any(suggest => parsed.GetResult(suggest) is not null) || parsed.Action is HelpPage)
            return null;
        if (FindUnknownOption(parsed) is { } option)
            return $"There is no option {option}.{Suggest(option, OptionNames(parsed.CommandResult.Command))}";
        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens is [{ } word, ..])
            return DescribeUnmatched(command, word);
        if (command.Options.FirstOrDefault(o => o.Required && parsed.GetResult(o) is null or { Implicit: true }) is { } missing)
            return $"{missing.Name} is missing. Add {missing.Name} {missing.HelpName}.";
        if (parsed.Errors.FirstOrDefault(
            error => error.SymbolResult is ArgumentResult { Tokens.Count: 0 } argument && command.Arguments.Contains(argument.Argument))
            is { } first)
            return Describe(command, first);
        // The last error is the most exact one.
        return parsed.Errors.Count == 0 ? null : Describe(command, parsed.Errors[^1]);
    }

    private static string DescribeUnmatched(Command command, string word)
    {
        if (word == "help")
            return $"Help is an option: {Path(command)} --help";
        string[] verbs = [.. command.Subcommands.Select(verb => verb.Name)];
        if (command is RootCommand && ImageReader.IsImage(word))
            return $"'{word}' is an image, not a command. To ask about it: {ShellWords.Join(["blip", "ask", word])} \"QUESTION\"";
        if (command is RootCommand && word.Contains(' ', StringComparison.Ordinal))
            return $"A command comes first: blip ask IMAGE {ShellWords.Quote(word)}";
        if (command is RootCommand)
            return $"There is no command '{word}'.{Suggest(word, [.. verbs, "--version"])}";
        return verbs.Length > 0
            ? $"There is no command '{word}' of {Path(command)}.{Suggest(word, verbs)}"
            : $"There is one word too many: '{word}'.{(command.Arguments.Count > 0 ? " A text of several words needs quotes." : "")}";
    }

    private static string Describe(Command command, ParseError error) => error.SymbolResult switch
    {
        OptionResult { Option: var option } given => Describe(option, given, error.Message),
        ArgumentResult { Tokens.Count: 0, Argument: var argument } => $"{argument.Name} is missing. "
            + $"Write {Path(command)} {string.Join(' ', command.Arguments.Select(each => each.Name))}.",
        CommandResult { Command: { Subcommands.Count: > 0 } } when error.Message.StartsWith("Required command", StringComparison.Ordinal) =>
            $"A command is missing: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}.",
        _ => Sentence(error.Message),
    };

    private static string Describe(Option option, OptionResult given, string message)
    {
        if (given.IdentifierTokenCount > 1 && option.Arity.MaximumNumberOfValues == 1 && given.Tokens.Count > 1)
            return $"{option.Name} is given {given.Tokens.Count} times. Give it once.";
        if (MissesValue(given))
            return $"{option.Name} needs a value. Write {option.Name} {option.HelpName}.";
        return Sentence(message);
    }

    private static bool MissesValue(OptionResult given) =>
        !given.Implicit && given.Tokens.Count == 0 && given.Option.Arity.MinimumNumberOfValues > 0;

    private static string Sentence(string message) =>
        message.EndsWith('.') || message.Contains(": blip ", StringComparison.Ordinal) ? message : message + ".";

    /// <summary>
    /// Finds an unknown option among the words, because the parser reads it as a word. After <c>--</c> there are only words, and text
    /// with a space is a word too.
    /// </summary>
    private static string? FindUnknownOption(ParseResult parsed)
    {
        IEnumerable<string> words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value);
        int plain = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        return words.SkipLast(plain).Concat(plain == 0 ? parsed.UnmatchedTokens : [])
            .FirstOrDefault(word => word.Length > 1 && word[0] == '-' && !word.Contains(' ', StringComparison.Ordinal));
    }

    private static IEnumerable<string> OptionNames(Command command) =>
        command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Append(option.Name)).Append("--help")
            .Where(name => name.StartsWith("--", StringComparison.Ordinal));

    /// <summary>" Did you mean X?" where one of the names is near to what was written, else nothing.</summary>
    private static string Suggest(string written, IEnumerable<string> names)
    {
        // An option may carry its value, and one dash is a slip.
        string word = written.Split('=', 2)[0].ToLowerInvariant();
        if (word.StartsWith('-'))
            word = "--" + word.TrimStart('-').Replace('_', '-');
        // What other servers call it.
        if (word is "--port" or "--p" or "--host" or "--listen" or "--bind" or "--address" && names.Contains("--urls"))
            return " Write --urls, for example --urls http://127.0.0.1:8080.";
        (string Name, int Distance)[] near =
        [
            .. names.Select(name => (name, name.StartsWith(word, StringComparison.Ordinal) && word.Length > 3 ? 1 : Distance(word, name)))
                .Where(each => each.Item2 <= Math.Max(1, word.TrimStart('-').Length / 3)).OrderBy(each => each.Item2),
        ];
        return near.Length == 0 ? "" : $" Did you mean {near[0].Name}?";
    }

    /// <summary>How many letters are left out, added, replaced or exchanged with their neighbour between the words.</summary>
    private static int Distance(string from, string to)
    {
        int[,] steps = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    steps[i, j] = i + j;
                    continue;
                }
                int replaced = steps[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                steps[i, j] = Math.Min(replaced, Math.Min(steps[i - 1, j], steps[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    steps[i, j] = Math.Min(steps[i, j], steps[i - 2, j - 2] + 1);
            }
        }
        return steps[from.Length, to.Length];
    }

    /// <summary>The command as it is written: blip models remove.</summary>
    public static string Path(Command command) => command is RootCommand
        ? "blip"
        : $"{Path(command.Parents.OfType<Command>().First())} {command.Name}";
}
