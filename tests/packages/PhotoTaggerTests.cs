using Blip;
using Moq;
using Xunit;

/// <summary>What a user of Blip writes, and how it is tested: docs/testing.md.</summary>
public class PhotoTagger(IBlipModel blip)
{
    public async Task<string> CountDogsAsync(BlipImage image) =>
        (await blip.AskAsync(image, "how many dogs are in the picture?")).Text;
}

public class PhotoTaggerTests
{
    [Fact]
    public async Task CountDogs_Mock_NeedsNoModel()
    {
        Mock<IBlipModel> blip = new();
        blip.Setup(b => b.AskAsync(It.IsAny<BlipImage>(), It.IsAny<string>(), null, default)).ReturnsAsync(new Answer { Text = "7" });
        Assert.Equal("7", await new PhotoTagger(blip.Object).CountDogsAsync(BlipImage.FromBytes(new byte[] { 1 })));
    }

    [Fact]
    public async Task CountDogs_DemoModel_AreTwo()
    {
        await using BlipModel blip = await BlipModel.LoadAsync();
        BlipImage dogs = BlipImage.FromFile(Environment.GetEnvironmentVariable("DOGS")!);
        Assert.Equal("2", await new PhotoTagger(blip).CountDogsAsync(dogs));
    }
}
