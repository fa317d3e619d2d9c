using Xunit;

namespace Blip.Tests.Images;

/// <summary>For tests that count all pixel buffers of the process. No other test may decode images while they run.</summary>
[CollectionDefinition(nameof(PixelMemory), DisableParallelization = true)]
public sealed class PixelMemory;
