using Blip.Cli.DataSets;

namespace Blip.Cli.Evaluation;

/// <summary>A question of a run with its right answer, and how right the run's answer is.</summary>
/// <param name="Item">The question.</param>
/// <param name="Answer">What the model said; empty where it failed.</param>
/// <param name="Confidence">How sure it was, where the run says so.</param>
/// <param name="Margin">How close another answer was, where the run says so.</param>
/// <param name="IsFailed">Whether there is no answer.</param>
/// <param name="Accuracy">How right the answer is: 0 to 1.</param>
/// <param name="QuestionType">The question's type: the data set's, or its first two words.</param>
/// <param name="AnswerType">The right answer's type: the data set's, or yes/no, number or other.</param>
internal sealed record Scored(
    DataItem Item, string Answer, double? Confidence, double? Margin, bool IsFailed, double Accuracy, string QuestionType,
    string AnswerType)
{
    public string Truth => Item.Truth!;
}
