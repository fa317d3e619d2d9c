using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Who names no model is told that the demo model answers.</summary>
public class DemoModelWarningTests
{
    [Fact]
    public async Task Services_OfOneProcess_WarnOnce()
    {
        await using Service first = await Service.StartAsync();
        await using Service second = await Service.StartAsync();
        (string Category, string Message) = Assert.Single(
            Service.Warnings.Entries, entry => entry.Message.Contains("demo model", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("Blip.AI.BlipService", Category);
        Assert.Contains("It knows drawings only.", Message, StringComparison.Ordinal);
        Assert.Contains("Blip:Model", Message, StringComparison.Ordinal);
    }
}
