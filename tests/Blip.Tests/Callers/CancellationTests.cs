using Xunit;

namespace Blip.Tests.Callers;

/// <summary>Whoever cancels learns it by an exception with the own token, wherever the request was.</summary>
public sealed class CancellationTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private const int Rounds = 50, LongestDelay = 30;
    private const string Question = "how many dogs are in the picture?";

    private static readonly AskOptions Long = new() { MinNewTokens = 20 };

    /// <summary>Each way to ask. Images are new, so that they are decoded and encoded.</summary>
    private static readonly Dictionary<string, Func<BlipModel, EncodedImage, BlipImage, CancellationToken, Task>> Calls = new()
    {
        ["Encode"] = async (model, _, image, token) => (await model.EncodeAsync(image, token)).Dispose(),
        ["AskImage"] = (model, _, image, token) => model.AskAsync(image, [Question, Question], Long, token),
        ["AskEncoded"] = (model, encoded, _, token) => model.AskAsync(encoded, [Question, Question], Long, token),
        ["AskEach"] = (model, _, image, token) => AskEachAsync(model, image, token),
    };

    private readonly Random _random = new(1);

    public static TheoryData<string> CallNames => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(CallNames))]
    public async Task Cancel_AtAnyMoment_ThrowsWithTheCallersToken(string call)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using EncodedImage encoded = await demo.Model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), stop);
        int cancelled = 0;
        for (int i = 0; i < Rounds; i++)
        {
            using CancellationTokenSource caller = new();
            Task task = Calls[call](demo.Model, encoded, NewImage(), caller.Token);
            await Task.Delay(_random.Next(LongestDelay), stop);
            await caller.CancelAsync();
            try
            {
                await task;
            }
            catch (OperationCanceledException exception)
            {
                cancelled++;
                Assert.Equal(caller.Token, exception.CancellationToken);
            }
        }
        Assert.NotEqual(0, cancelled);
        Assert.Equal("2", (await demo.Model.AskAsync(encoded, Question, cancellationToken: stop)).Text);
    }

    private static async Task AskEachAsync(BlipModel model, BlipImage image, CancellationToken token)
    {
        AskItem[] items = [.. Enumerable.Repeat(new AskItem(image, [Question]), 8)];
        await foreach (AskOutcome outcome in model.AskEachAsync(items, new AskEachOptions { Ask = Long }, token))
            Assert.Null(outcome.Error);
    }

    private BlipImage NewImage()
    {
        byte[] pixels = new byte[64 * 64 * 3];
        _random.NextBytes(pixels);
        return BlipImage.FromRgb(pixels, 64, 64);
    }
}
