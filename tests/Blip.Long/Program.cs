using Blip;
using Blip.Long;
using Blip.Long.Crowd;
using Blip.Long.Speed;

// Long measurements: dotnet run -c Release --project tests/Blip.Long -- crowd FULL_SIZE_FOLDER [--all] [ROW...]
// or many-images FULL_SIZE_FOLDER PROGRAM, or speed FULL_SIZE_FOLDER
if (args is ["many-images", { } model, { } program] && Directory.Exists(model))
{
    Report figures = new();
    await ManyImages.MeasureAsync(program, model, figures);
    return figures.Missed ? 1 : 0;
}
if (args is ["speed", { } measured] && Directory.Exists(measured))
{
    Report speed = new();
    TextSpeed.Measure(measured, BlipPrecision.Fp32, speed);
    TextSpeed.Measure(measured, BlipPrecision.Int8, speed);
    return speed.Missed ? 1 : 0;
}
if (args is not ["crowd", { } folder, .. { } rest] || !Directory.Exists(folder))
{
    Console.Error.WriteLine(
        "Name the folder that tests/Blip.FullSize wrote: crowd FULL_SIZE_FOLDER [--all] [ROW...], speed FULL_SIZE_FOLDER, " +
        "or many-images FULL_SIZE_FOLDER PROGRAM.");
    return 2;
}

bool whole = rest.Contains("--all");
Report report = new();
(string Name, Func<Task> Measure)[] rows =
[
    ("long-questions", () => LongQuestions.MeasureAsync(folder, whole ? 16 : 4, report)),
    ("long-answers", () => LongAnswers.MeasureAsync(folder, whole ? 16 : 4, report)),
    ("short-answers", () => ShortAnswers.MeasureAsync(folder, report)),
    ("many-questions", () => ManyQuestions.MeasureAsync(report)),
    ("grouping", () => Grouping.MeasureAsync(folder, BlipPrecision.Fp32, report)),
    ("grouping", () => Grouping.MeasureAsync(folder, BlipPrecision.Int8, report)),
    ("token-budgets", () => TokenBudgets.MeasureAsync(folder, BlipPrecision.Fp32)),
    ("token-budgets", () => TokenBudgets.MeasureAsync(folder, BlipPrecision.Int8)),
    ("cancelling", () => Cancelling.MeasureAsync(folder, report)),
    ("failed-loads", () => FailedLoads.MeasureAsync(folder, whole ? 50 : 10, report)),
    ("cache", () => Cache.MeasureAsync(folder, BlipPrecision.Fp32, report)),
    ("cache", () => Cache.MeasureAsync(folder, BlipPrecision.Int8, report)),
];
string[] wanted = [.. rest.Where(word => word != "--all")];
if (wanted.FirstOrDefault(word => !rows.Any(row => row.Name == word)) is { } unknown)
{
    Console.Error.WriteLine($"There is no row {unknown}. Rows: {string.Join(", ", rows.Select(row => row.Name).Distinct())}.");
    return 2;
}
foreach ((string name, Func<Task> measure) in rows)
{
    if (wanted.Length == 0 || wanted.Contains(name))
        await measure();
}
return report.Missed ? 1 : 0;
