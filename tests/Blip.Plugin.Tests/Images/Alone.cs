using Xunit;

namespace Blip.Plugin.Tests.Images;

/// <summary>Tests that measure the process's memory, so that no other test may run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public static class Alone;
