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
        FullSizeRecipe.Entries().Where(e => e.Count < 100_000),
        entry => Assert.Equal(entry.Sha256, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(FullSizeRecipe.Values(entry))))));

    /// <summary>Takes a 1.4 GB model that tests/Blip.FullSize writes, so it is run where the variable says where that is: see CONTRIBUTING.md.</summary>
    [Fact]
    [Trait("Category", "FullSize")]
    public async Task Answers_FullSizeModel_AreThoseOfTransformers()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(folder is null, $"Set {Variable} to the folder that tests/Blip.FullSize wrote.");
        await using BlipModel model = await BlipModel.LoadAsync(new BlipOptions { Model = folder, Image = new ImageOptions { Alpha = AlphaMode.Drop } });
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("full-size", "cases.json")));
        foreach (JsonElement c in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            Answer answer = await model.AskAsync(BlipImage.FromFile(TestPaths.Golden("full-size", "pictures", c.GetProperty("picture").GetString()!)), c.GetProperty("question").GetString()!);
            Assert.Equal(c.GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32()), answer.TokenIds);
            Assert.Equal(c.GetProperty("token_logprobs").EnumerateArray().Select(p => p.GetSingle()), answer.TokenLogProbabilities, (a, b) => Math.Abs(a - b) <= 1e-3f);
        }
    }
}
