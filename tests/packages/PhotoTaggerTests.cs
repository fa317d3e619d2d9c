using Blip;
using Moq;
using Xunit;

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
        blip.Setup(b => b.AskAsync(It.IsAny<BlipImage>(), It.IsAny<string>(), null, default))
            .ReturnsAsync(new Answer { Text = "7" });

        string dogs = await new PhotoTagger(blip.Object).CountDogsAsync(BlipImage.FromBytes(new byte[] { 1 }));

        Assert.Equal("7", dogs);
    }

    [Fact]
    public async Task CountDogs_DemoModel_AreTwo()
    {
        await using BlipModel blip = await BlipModel.LoadAsync();

        string dogs = await new PhotoTagger(blip).CountDogsAsync(BlipImage.FromFile("dogs.jpg"));

        Assert.Equal("2", dogs);
    }
}
