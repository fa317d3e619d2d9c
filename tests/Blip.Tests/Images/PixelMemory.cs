using Xunit;

namespace Blip.Tests.Images;

/// <summary>Tests that count the live pixel buffers of the process: nothing else decodes meanwhile.</summary>
[CollectionDefinition(nameof(PixelMemory), DisableParallelization = true)]
public sealed class PixelMemory;
