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
        : ValidateOptionsResult.Fail($"Blip:Blobs:Questions has more than {BlipTools.MaxQuestions} questions.");
}
