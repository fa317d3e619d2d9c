using Xunit;

namespace Blip.Tests;

/// <summary>The demo model. It is loaded once for all tests of a class.</summary>
public sealed class DemoModelFixture : IAsyncLifetime
{
    public BlipModel Model { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Model = await BlipModel.LoadAsync();

    public ValueTask DisposeAsync() => Model.DisposeAsync();
}
