using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>Values for the modules whose path, or the end of it, matches a pattern, as PEFT's <c>rank_pattern</c> has them.</summary>
internal sealed class ModulePatterns
{
    /// <summary>A pattern of a file that is not trusted may take for ever.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    private readonly List<(Func<string, bool> Matches, double Value)> _patterns = [];

    public ModulePatterns(ConfigSection config, string key, Func<ConfigSection, string, double> read)
    {
        if (config.Find(key) is null)
            return;
        ConfigSection patterns = config.Section(key);
        foreach (string pattern in patterns.Keys)
            _patterns.Add((Compile(config, key, $@"^(?:.*\.)?(?:{pattern})\z"), read(patterns, pattern)));
    }

    /// <summary>The value of the first pattern that matches.</summary>
    public double? Find(string module)
    {
        foreach ((Func<string, bool> matches, double value) in _patterns)
        {
            if (matches(module))
                return value;
        }
        return null;
    }

    /// <summary>
    /// Reads <c>target_modules</c>: a list of paths or ends of paths, or one regular expression over the whole path.
    /// <see langword="null"/> where it names none, or all linear layers.
    /// </summary>
    public static Func<string, bool>? ReadTargets(ConfigSection config, string key)
    {
        if (config.Find(key) is not { ValueKind: JsonValueKind.String })
        {
            IReadOnlyList<string> names = config.Texts(key);
            return names.Count == 0 ? null : module => names.Any(name => IsNamed(module, name));
        }
        string text = config.Text(key)!;
        return text == "all-linear" ? null : Compile(config, key, $@"^(?:{text})\z");
    }

    /// <summary>Whether a module's path is a name or ends in it.</summary>
    public static bool IsNamed(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    private static Func<string, bool> Compile(ConfigSection config, string key, string pattern)
    {
        try
        {
            Regex regex = new(pattern, RegexOptions.CultureInvariant, Longest);
            return module =>
            {
                try
                {
                    return regex.IsMatch(module);
                }
                catch (RegexMatchTimeoutException exception)
                {
                    throw new BlipModelException(
                        $"A pattern of {key} in {AdapterConfig.FileName} takes too long to match. Write a simpler one.", exception);
                }
            };
        }
        catch (ArgumentException)
        {
            throw config.Invalid(key, $"{PlainFileName.Shown(pattern)} is not a regular expression");
        }
    }
}
