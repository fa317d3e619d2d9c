using Blip.Hosting.Blobs;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

[OptionsValidator]
internal sealed partial class BlipHostingOptionsValidator : IValidateOptions<BlipHostingOptions>;

[OptionsValidator]
internal sealed partial class BlobAnsweringOptionsValidator : IValidateOptions<BlobAnsweringOptions>;
