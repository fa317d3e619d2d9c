using System.Text.Json;
using nietras.SeparatedValues;

namespace Blip.Tests;

/// <summary>
/// A public data set, made a table: tests/golden/easy-vqa has a part of it, BLIP_EASY_VQA may name the folder of the whole.
/// </summary>
internal static class EasyVqa
{
    private static readonly string? Whole = Environment.GetEnvironmentVariable("BLIP_EASY_VQA");

    public static bool IsWhole => Whole is not null;

    /// <summary>A model that was trained for it.</summary>
    public static string Adapter { get; } = TestPaths.Golden("easy-vqa", "adapter");

    /// <summary>Writes questions as a table: <c>id,image,question,answer</c>, with images as full paths.</summary>
    /// <returns>How many there are.</returns>
    public static int WriteCsv(string file, int most = int.MaxValue)
    {
        string folder = Whole is null ? TestPaths.Golden("easy-vqa") : Path.Combine(Whole, "test");
        using JsonDocument questions = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "questions.json")));
        int id = 0;
        using SepWriter writer = Sep.New(',').Writer(options => options with { Escape = true }).ToFile(file);
        foreach (JsonElement question in questions.RootElement.EnumerateArray().Take(most))
        {
            using SepWriter.Row row = writer.NewRow();
            row["id"].Format(id++);
            row["image"].Set(Path.Combine(folder, "images", $"{question[2].GetInt32()}.png"));
            row["question"].Set(question[0].GetString()!);
            row["answer"].Set(question[1].GetString()!);
        }
        return id;
    }

    /// <summary>The share that transformers answers right with the merged model, of the questions that are there.</summary>
    public static double ReferenceAccuracy()
    {
        string file = Whole is null ? TestPaths.Golden("easy-vqa", "predictions.jsonl") : Path.Combine(Whole, "predictions.jsonl");
        return File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement).Average(row =>
            row.GetProperty("truth").GetString() == row.GetProperty("answer").GetString() ? 1.0 : 0);
    }
}
