using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Blip.FullSize;
using Blip.Images;
using Xunit;

namespace Blip.Tests;

public class FullSizeTests
{
    private const string Variable = "BLIP_FULL_SIZE";

    [Fact]
    public void Recipe_SmallTensors_HaveTheReferencesDigests() => Assert.All(
        FullSizeRecipe.Entries().Where(entry => entry.Count < 100_000),
        entry => Assert.Equal(
            entry.Sha256, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(FullSizeRecipe.Values(entry))))));

    /// <summary>
    /// Needs the model of 1.4 GB that tests/Blip.FullSize writes. It runs only if the variable names the model's folder: see
    /// CONTRIBUTING.md.
    /// </summary>
    [Fact]
    [Trait("Category", "FullSize")]
    public async Task Answers_FullSizeModel_AreThoseOfTransformers()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(folder is null, $"Set {Variable} to the folder that tests/Blip.FullSize wrote.");
        BlipOptions options = new() { Model = folder, Image = new ImageOptions { Alpha = AlphaMode.Drop } };
        await using BlipModel model = await BlipModel.LoadAsync(options);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("full-size", "cases.json")));
        foreach (JsonElement c in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            BlipImage image = BlipImage.FromFile(TestPaths.Golden("full-size", "pictures", c.GetProperty("picture").GetString()!));
            Answer answer = await model.AskAsync(image, c.GetProperty("question").GetString()!);
            Assert.Equal(c.GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32()), answer.TokenIds);
            IEnumerable<float> logProbabilities = c.GetProperty("token_logprobs").EnumerateArray().Select(p => p.GetSingle());
            Assert.Equal(logProbabilities, answer.TokenLogProbabilities, (a, b) => Math.Abs(a - b) <= 1e-3f);
        }
    }
}
