using System.Text.Json;

namespace Blip.Cli.Evaluation;

/// <summary>
/// Scores as JSON: <c>accuracy</c> and <c>per_question</c> as the VQA challenge's tool gives them, then the rest. Shares are in percent
/// with two decimals.
/// </summary>
internal static class EvalJson
{
    private static readonly int[] Coverages = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

    public static void Write(Utf8JsonWriter writer, Scores scores, Comparison? comparison)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("accuracy");
        Percent(writer, "overall", scores.Accuracy);
        WriteTypes(writer, "perQuestionType", scores.ByQuestionType);
        WriteTypes(writer, "perAnswerType", scores.ByAnswerType);
        writer.WriteEndObject();
        if (scores.Questions.All(scored => scored.Item.Id is not null))
        {
            writer.WriteStartObject("per_question");
            foreach (Scored scored in scores.Questions)
                Percent(writer, scored.Item.Id!.Value.Text, scored.Accuracy);
            writer.WriteEndObject();
        }
        writer.WriteNumber("questions", scores.Questions.Count);
        writer.WriteNumber("failed", scores.Failed);
        Percent(writer, "exact_match", scores.ExactMatch);
        if (scores.YesNo is { } yesNo)
            WriteYesNo(writer, yesNo);
        if (scores.CalibrationError is { } error)
            WriteConfidence(writer, scores, error);
        if (comparison is not null)
            WriteComparison(writer, comparison);
        writer.WriteEndObject();
    }

    private static void WriteTypes(Utf8JsonWriter writer, string name, IEnumerable<(string Type, int Count, double Accuracy)> types)
    {
        writer.WriteStartObject(name);
        foreach ((string type, _, double accuracy) in types)
            Percent(writer, type, accuracy);
        writer.WriteEndObject();
    }

    private static void WriteYesNo(Utf8JsonWriter writer, YesNo yesNo)
    {
        writer.WriteStartObject("yes_no");
        writer.WriteNumber("questions", yesNo.Questions);
        Percent(writer, "precision", yesNo.Precision);
        Percent(writer, "recall", yesNo.Recall);
        Percent(writer, "f1", yesNo.F1);
        writer.WriteEndObject();
    }

    private static void WriteConfidence(Utf8JsonWriter writer, Scores scores, double error)
    {
        Percent(writer, "ece", error);
        writer.WriteStartArray("bins");
        foreach (Bin bin in scores.Bins)
        {
            writer.WriteStartObject();
            Percent(writer, "from", bin.From);
            Percent(writer, "to", bin.To);
            writer.WriteNumber("questions", bin.Count);
            Percent(writer, "confidence", bin.Confidence);
            Percent(writer, "accuracy", bin.Accuracy);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Percent(writer, "aurc", scores.RiskArea!.Value);
        writer.WriteStartArray("risk_coverage");
        foreach (int coverage in Coverages)
        {
            Kept kept = scores.At(coverage / 100.0);
            writer.WriteStartObject();
            writer.WriteNumber("coverage", coverage);
            writer.WriteNumber("threshold", kept.Threshold);
            Percent(writer, "accuracy", kept.Accuracy);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteComparison(Utf8JsonWriter writer, Comparison comparison)
    {
        writer.WriteStartObject("against");
        writer.WriteNumber("questions", comparison.Common);
        Percent(writer, "accuracy", comparison.Against.Accuracy);
        writer.WriteNumber("lost", comparison.Lost);
        writer.WriteNumber("won", comparison.Won);
        writer.WriteStartArray("flips");
        foreach ((Scored first, Scored second) in comparison.Flips)
        {
            writer.WriteStartObject();
            if (first.Item.Id is { } id)
            {
                writer.WritePropertyName("id");
                id.Write(writer);
            }
            writer.WriteString("image", first.Item.Image);
            writer.WriteString("question", first.Item.Question);
            writer.WriteString("truth", first.Truth);
            WriteAnswer(writer, first);
            writer.WriteStartObject("against");
            WriteAnswer(writer, second);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteAnswer(Utf8JsonWriter writer, Scored scored)
    {
        writer.WriteString("answer", scored.Answer);
        if (scored.Confidence is { } confidence)
            writer.WriteNumber("confidence", confidence);
        if (scored.Margin is { } margin)
            writer.WriteNumber("margin", margin);
    }

    private static void Percent(Utf8JsonWriter writer, string name, double share) =>
        writer.WriteNumber(name, VqaAccuracy.Percent(share));
}
