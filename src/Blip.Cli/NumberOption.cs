using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Blip.Cli;

/// <summary>Makes options that take a whole number. What is not one, or is out of range, is told by the option's name.</summary>
internal static class NumberOption
{
    /// <summary>An option that always has a value.</summary>
    public static Option<int> Create(string name, string description, int least, int most = int.MaxValue, int standard = 0) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => standard,
        CustomParser = result => Parse(result, name, least, most) ?? standard,
    };

    /// <summary>An option that need not have a value.</summary>
    public static Option<int?> CreateOptional(string name, string description, int least, int most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse(result, name, least, most),
    };

    private static int? Parse(ArgumentResult result, string name, int least, int most)
    {
        if (result.Tokens is not [.., { Value: var word }])
            return null;
        bool isNumber = BigInteger.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger value);
        if (isNumber && value >= least && value <= most)
            return (int)value;
        string range = most == int.MaxValue && value < least ? $"at least {least}" : $"{least} to {most}";
        result.AddError($"{name} is {word}, but must be {(isNumber ? "" : "a whole number, ")}{range}.");
        return null;
    }
}
