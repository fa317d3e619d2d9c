using Blip.AI;
using Blip.Hosting.Blobs;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

[OptionsValidator]
internal sealed partial class BlipHostingOptionsValidator : IValidateOptions<BlipHostingOptions>;

internal sealed class BlobAnsweringOptionsValidator : IValidateOptions<BlobAnsweringOptions>
{
    public ValidateOptionsResult Validate(string? name, BlobAnsweringOptions options) => options.Questions.Count <= BlipTools.MaxQuestions
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"Questions: there are more than {BlipTools.MaxQuestions}.");
}
