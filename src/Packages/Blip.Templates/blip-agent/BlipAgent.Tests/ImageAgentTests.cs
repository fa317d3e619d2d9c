using Samples;
using Xunit;

/// <summary>The agent with the scripted language model and Blip's demo model.</summary>
public class ImageAgentTests
{
    private static readonly string Dogs = Path.Combine(AppContext.BaseDirectory, "dogs.jpg");

    [Theory]
    [InlineData("how many dogs are in the picture?", "2")]
    [InlineData("is there a cat?", "no")]
    public async Task Ask_QuestionAboutTheImage_IsAnswered(string question, string answer)
    {
        await using ImageAgent agent = new(key: null);
        Assert.EndsWith($": {answer}", await agent.AskAsync(Dogs, question));
    }
}
