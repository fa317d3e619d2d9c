using Blip.AI.Images;
using Microsoft.Extensions.Options;

namespace Blip.AI;

// The attributes of the options are checked by code that is generated here, so no reflection is needed.

[OptionsValidator]
internal sealed partial class BlipOptionsValidator : IValidateOptions<BlipOptions>;

[OptionsValidator]
internal sealed partial class ImageSourceOptionsValidator : IValidateOptions<ImageSourceOptions>;

[OptionsValidator]
internal sealed partial class ImageStoreOptionsValidator : IValidateOptions<ImageStoreOptions>;

internal static class OptionsValidators
{
    /// <exception cref="OptionsValidationException">A value is out of its range; the message names it.</exception>
    public static void Check<T>(this IValidateOptions<T> validator, T options)
        where T : class
    {
        if (validator.Validate(null, options) is { Failed: true } result)
            throw new OptionsValidationException(Options.DefaultName, typeof(T), result.Failures);
    }
}
