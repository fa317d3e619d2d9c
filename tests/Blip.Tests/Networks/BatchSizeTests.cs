using Blip.Decoding;
using Blip.Networks;
using Xunit;

namespace Blip.Tests.Networks;

/// <summary>In every precision, a question in a run of any size is answered as it is alone.</summary>
public class BatchSizeTests
{
    private const int Questions = 48;
    private static readonly int[] Sizes = [2, 3, 4, 5, 8, 16, 17, 33, 48];

    /// <param name="precision">The precision.</param>
    /// <param name="tolerance">
    /// The most that a log-probability may differ from the one found alone. In int8 a last digit can turn the rounding of an activation.
    /// </param>
    [Theory]
    [InlineData(BlipPrecision.Fp32, 1e-4)]
    [InlineData(BlipPrecision.Fp16, 1e-4)]
    [InlineData(BlipPrecision.Int8, 1e-2)]
    public void Ask_RunsOfAnySize_AnswerAsEachAlone(BlipPrecision precision, double tolerance)
    {
        using DemoNetwork demo = new(precision);
        ImageQuestion[] questions = [.. demo.Questions(Questions)];
        FoundAnswer[] alone = [.. questions.Select(question => demo.Ask(question)[0])];
        double worst = 0;
        foreach (int size in Sizes)
        {
            FoundAnswer[] together = [.. questions.Chunk(size).SelectMany(demo.Ask)];
            for (int i = 0; i < questions.Length; i++)
            {
                Assert.Equal(alone[i].Tokens, together[i].Tokens);
                for (int token = 0; token < alone[i].LogProbabilities.Count; token++)
                    worst = Math.Max(worst, Math.Abs(alone[i].LogProbabilities[token] - together[i].LogProbabilities[token]));
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{precision}: log-probabilities differ by {worst:0.0000000} at most");
        Assert.InRange(worst, 0, tolerance);
    }
}
