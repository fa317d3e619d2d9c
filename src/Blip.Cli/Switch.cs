using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Blip.Cli;

/// <summary>Settings of <c>blip serve</c> that are true or false, and belong to the command alone.</summary>
internal static class Switch
{
    /// <summary>Whether a setting asks for something. Without a value it does not.</summary>
    /// <exception cref="OptionsValidationException">The value is neither true nor false.</exception>
    public static bool IsOn(IConfiguration configuration, string setting)
    {
        if (configuration[setting] is not { Length: > 0 } value)
            return false;
        return bool.TryParse(value, out bool on)
            ? on
            : throw new OptionsValidationException(setting, typeof(bool), [$"{setting} is '{value}'. Write true or false."]);
    }
}
