using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>Sessions are replaced while they answer: nobody notices.</summary>
[Trait("Category", "Long")]
public class PackWeightsTests
{
    [Fact]
    public async Task Answers_WhilePackingAndAfter_AreTheSame()
    {
        (string Question, Answer Expected)[] cases = await ExpectedAsync();
        await using BlipModel model = await LoadAsync();
        using EncodedImage encoded = await model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")),
            TestContext.Current.CancellationToken);
        for (int i = 0; i < 20; i++)
        {
            foreach ((string question, Answer expected) in cases)
            {
                Answer answer = await model.AskAsync(encoded, question, cancellationToken: TestContext.Current.CancellationToken);
                Assert.Equal(expected.TokenIds, answer.TokenIds);
                for (int token = 0; token < answer.TokenLogProbabilities.Count; token++)
                    Assert.Equal(expected.TokenLogProbabilities[token], answer.TokenLogProbabilities[token], 1e-4f);
            }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(40)]
    public async Task Dispose_WhilePacking_Waits(int milliseconds)
    {
        BlipModel model = await LoadAsync();
        await Task.Delay(milliseconds, TestContext.Current.CancellationToken);
        await model.DisposeAsync();
    }

    private static async Task<(string, Answer)[]> ExpectedAsync()
    {
        string[] questions = ["how many dogs are in the picture?", "what color is the tree?", "is there a cat?"];
        await using BlipModel model = await BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu });
        return [.. questions.Zip(await model.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), questions))];
    }

    private static Task<BlipModel> LoadAsync() => BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu, PackWeights = true });
}
