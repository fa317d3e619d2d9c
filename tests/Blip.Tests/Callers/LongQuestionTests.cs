using System.Globalization;
using Xunit;

namespace Blip.Tests.Callers;

/// <summary>Measures the memory of the whole process, and so runs alone.</summary>
[Trait("Category", "Long")]
[CollectionDefinition(nameof(LongQuestionTests), DisableParallelization = true)]
[Collection(nameof(LongQuestionTests))]
public sealed class LongQuestionTests
{
    private const int Questions = 256;
    private const long MostGrowth = 512L << 20;

    [Fact]
    public async Task Ask_256LongQuestionsWithTheLargestBatch_AreAnsweredInLittleMemory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells the most memory that a process has taken.");
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu, MaxBatchSize = Questions }, cancellationToken: stop);
        using EncodedImage encoded = await model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), stop);
        string question = string.Concat(Enumerable.Repeat("how many dogs are in the picture? ", 100));
        AskOptions options = new() { TruncateQuestion = true, MaxNewTokens = 2 };
        Answer alone = await model.AskAsync(encoded, question, options, stop);

        // Makes the most memory so far what it is now.
        await File.WriteAllTextAsync("/proc/self/clear_refs", "5", stop);
        long before = MostMemory();
        Answer[] answers = await model.AskAsync(encoded, [.. Enumerable.Repeat(question, Questions)], options, stop);
        Assert.All(answers, answer => Assert.Equal(alone.TokenIds, answer.TokenIds));
        Assert.InRange(MostMemory() - before, 0, MostGrowth);
    }

    private static long MostMemory()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
