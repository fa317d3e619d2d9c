using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>
/// The command in a build for GPUs, on a machine without a GPU. It answers on the CPU, says so, and the answers are the same. The variable
/// names the build: see .ci/run.
/// </summary>
[Trait("Category", "GpuBuild")]
public class GpuBuildTests
{
    private const string Variable = "BLIP_GPU_BUILD";

    private static readonly string? Build = Environment.GetEnvironmentVariable(Variable);

    /// <summary>The device that is asked for by name, on a machine that has it: see tests/long/gpu.sh.</summary>
    private static readonly string? Device = Environment.GetEnvironmentVariable("BLIP_GPU_DEVICE");

    public static TheoryData<string> Models =>
    [
        .. Directory.GetDirectories(TestPaths.Golden("models")).Select(d => Path.GetFileName(d)!)
            .Where(d => d is not ("bad" or "pictures" or "matching" or "sizes" or "score" or "video"))
            .Where(d => !d.StartsWith("caption", StringComparison.Ordinal)),
    ];

    [Fact]
    public async Task Auto_WithoutAGpu_AnswersOnTheCpuAndSaysSo()
    {
        BlipProcess.Result result = await RunAsync("ask", TestPaths.Sample("dogs.jpg"), "how many dogs are in the picture?");
        Assert.Equal((0, "2\n"), (result.Code, result.Out));
        Assert.Contains("runs on the CPU", result.Error, StringComparison.Ordinal);
        Assert.Contains("libcuda.so.1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cuda_WithoutAGpu_IsOneLineThatNamesTheFirstMissingLibrary()
    {
        BlipProcess.Result result = await RunAsync(
            "ask", TestPaths.Sample("dogs.jpg"), "how many dogs are in the picture?", "--device", "cuda");
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Contains("libcuda.so.1", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Answers_GoldenModel_AreTheSame(string name)
    {
        string folder = TestPaths.Golden("models", name);
        string reference = name.StartsWith("form-", StringComparison.Ordinal) ? TestPaths.Golden("models", "base") : folder;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(reference, "cases.json")));
        JsonElement[] cases = [.. document.RootElement.GetProperty("cases").EnumerateArray()];
        using TempFolder temp = new();
        string batch = Path.Combine(temp.Path, "cases.jsonl");
        File.WriteAllLines(batch, cases.Select(c => JsonSerializer.Serialize(new
        {
            image = ImagePath(c.GetProperty("picture").GetInt32()),
            question = c.GetProperty("question").GetString(),
        })));
        string[] ask = ["ask", "--batch", batch, "--model", folder];
        if (name.StartsWith("lora", StringComparison.Ordinal))
            ask = [.. ask, "--base-model", TestPaths.Golden("models", "base")];
        if (Device is not null)
            ask = [.. ask, "--device", Device, "--precision", "fp32"];
        BlipProcess.Result result = await RunAsync(ask);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal(
            cases.Select(c => c.GetProperty("token_ids").GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings("")),
            result.Lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("token_ids").GetRawText()));
    }

    private static string ImagePath(int number) => TestPaths.Golden("models", "pictures", FormattableString.Invariant($"{number}.png"));

    private static Task<BlipProcess.Result> RunAsync(params string[] arguments)
    {
        Assert.SkipWhen(Build is null, $"Set {Variable} to the Blip.Cli.dll of a build with -p:BlipRuntime=gpu.");
        return BlipProcess.RunAsync(null, arguments, Build);
    }
}
