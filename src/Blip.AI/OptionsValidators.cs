using Blip.AI.Images;
using Blip.Hub;
using Microsoft.Extensions.Options;

namespace Blip.AI;

// The attributes of the options are checked by code that is generated here, so no reflection is needed.

[OptionsValidator]
internal sealed partial class BlipOptionsValidator : IValidateOptions<BlipOptions>;

/// <summary>Any text may name a model.</summary>
internal sealed class BlipFamilyOptionsValidator : IValidateOptions<BlipFamilyOptions>
{
    public ValidateOptionsResult Validate(string? name, BlipFamilyOptions options) => ValidateOptionsResult.Success;
}

[OptionsValidator]
internal sealed partial class ImageSourceOptionsValidator : IValidateOptions<ImageSourceOptions>;

[OptionsValidator]
internal sealed partial class ImageStoreOptionsValidator : IValidateOptions<ImageStoreOptions>;

/// <summary>Checks the hub's options at start. The hub itself checks them when it is first needed.</summary>
internal sealed class HubOptionsValidator : IValidateOptions<BlipOptions>
{
    public ValidateOptionsResult Validate(string? name, BlipOptions options)
    {
        try
        {
            HubSettings.Check(options.Hub);
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            return ValidateOptionsResult.Fail($"{ModelName.Section(name)}:Hub:{exception.WithoutParameter()}");
        }
    }
}

/// <summary>Checks what depends on two settings.</summary>
internal sealed class ParallelValidator : IValidateOptions<BlipOptions>
{
    public ValidateOptionsResult Validate(string? name, BlipOptions options) =>
        BlipOptions.FindParallelMistake($"{ModelName.Section(name)}:Parallel", options.Parallel, options.Threads) is { } mistake
            ? ValidateOptionsResult.Fail(mistake) : ValidateOptionsResult.Success;
}

/// <summary>Checks options that are bound from a section of the configuration, and calls each by its setting.</summary>
internal sealed class SettingsValidator<TOptions, TValidator>(string section, string named) : IValidateOptions<TOptions>
    where TOptions : class
    where TValidator : class, IValidateOptions<TOptions>, new()
{
    public ValidateOptionsResult Validate(string? name, TOptions options) =>
        name != named ? ValidateOptionsResult.Skip
        // With a name the generated code would call the fields by it.
        : new TValidator().Validate(null, options) is { Failed: true } result
            ? ValidateOptionsResult.Fail(result.Failures.Select(Describe))
            : ValidateOptionsResult.Success;

    // A failure is "Threads: The field BlipOptions.Threads must be between 0 and 1024."
    private string Describe(string failure)
    {
        string[] parts = failure.Split(": ", 2);
        string field = $"The field {typeof(TOptions).Name}.{parts[0]} ";
        return parts[^1].StartsWith(field, StringComparison.Ordinal)
            ? $"{section}:{parts[0]} {parts[^1][field.Length..]}"
            : $"{section}:{failure.Replace(typeof(TOptions).Name + ".", "", StringComparison.Ordinal)}";
    }
}

internal static class OptionsValidators
{
    /// <summary>The sentence of an error, without the name and the value that .NET adds to it.</summary>
    public static string WithoutParameter(this ArgumentOutOfRangeException exception) =>
        exception.Message.Split(" (Parameter '")[0].TrimEnd('.') + ".";

    /// <exception cref="OptionsValidationException">A value is out of its range; the message names it.</exception>
    public static void Check<T>(this IValidateOptions<T> validator, T options)
        where T : class
    {
        if (validator.Validate(null, options) is { Failed: true } result)
            throw new OptionsValidationException(Options.DefaultName, typeof(T), result.Failures);
    }
}
