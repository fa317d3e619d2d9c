using Blip.Calibrating;
using Xunit;

namespace Blip.Tests.Calibrating;

/// <summary>The fit of a temperature, and the figures that say how good confidences are.</summary>
public sealed class CalibrationFitTests
{
    /// <summary>Answers as right as a model says whose logits are twice too large: the temperature is 2.</summary>
    [Fact]
    public void Fit_ModelThatIsTooSure_FindsItsTemperature()
    {
        Random random = new(1);
        List<(IReadOnlyList<double>, bool)> answers = [];
        List<(double[], int)> ranks = [];
        for (int i = 0; i < 20_000; i++)
        {
            double logit = (random.NextDouble() - 0.3) * 6;
            answers.Add(([.. CalibrationFit.Temperatures.Select(t => -Math.Log(1 + Math.Exp(-2 * logit / t)))],
                random.NextDouble() < 1 / (1 + Math.Exp(-logit))));
            // Two choices whose scores differ by twice the logit; the best stands first.
            double lead = Math.Abs(logit);
            ranks.Add(([0, -2 * lead], random.NextDouble() < 1 / (1 + Math.Exp(-lead)) ? 0 : 1));
        }
        Assert.Equal(2, CalibrationFit.Temperatures[CalibrationFit.Fit(answers)], 0.13);
        Assert.Equal(2, CalibrationFit.Temperatures[CalibrationFit.FitChoices(ranks)], 0.13);
    }

    [Fact]
    public void ExpectedError_IsTheDistanceOfConfidenceAndShare()
    {
        // In one bin 0.7 on average and half right, in the other 1 and all right.
        (double, bool)[] answers = [(0.68, true), (0.72, false), (1, true), (1, true)];
        Assert.Equal(0.5 * 0.2, CalibrationFit.ExpectedError(answers), 1e-9);
        Assert.Equal(0, CalibrationFit.ExpectedError([(0.5, true), (0.5, false)]), 1e-9);
        Assert.Equal(1, CalibrationFit.ExpectedError([(1, false), (0, true)]), 1e-9);
    }

    [Fact]
    public void AccuracyAt_IsThatOfTheSurest()
    {
        (double, bool)[] answers = [(0.1, false), (0.9, true), (0.5, false), (0.8, true)];
        Assert.Equal(0.5, CalibrationFit.AccuracyAt(answers, 1));
        Assert.Equal(1, CalibrationFit.AccuracyAt(answers, 0.5));
        Assert.Equal(2.0 / 3, CalibrationFit.AccuracyAt(answers, 0.75), 1e-9);
    }

    [Fact]
    public void BestShare_DividesTheScores() =>
        Assert.Equal(1 / (1 + Math.Exp(-1)), CalibrationFit.BestShare([-3, -5], 2), 1e-12);
}
