using Moq;
using Xunit;

namespace Blip.Plugin.Tests;

/// <summary>An application tests its own code without a model.</summary>
public sealed class StandInTests
{
    [Fact]
    public async Task Ask_OfAStandIn_GivesTheTestsAnswer()
    {
        Mock<IBlipModel> model = new();
        model.Setup(m => m.AskAsync(It.IsAny<BlipImage>(), "how many dogs?", It.IsAny<AskOptions>(), default))
            .ReturnsAsync(new Answer { Text = "2" });
        Assert.Equal(2, (await model.Object.AskAsync<int>(BlipImage.FromBytes(default), "how many dogs?")).Value);
    }
}
