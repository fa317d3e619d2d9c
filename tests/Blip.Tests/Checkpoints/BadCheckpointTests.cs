using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>Every defect of the reference data gives one clear error, and leaves no trace.</summary>
public class BadCheckpointTests
{
    public static TheoryData<string, string> Defects
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("models", "bad", "cases.json")));
            TheoryData<string, string> data = [];
            foreach (JsonElement c in document.RootElement.EnumerateArray())
                data.Add(c.GetProperty("folder").GetString()!, c.GetProperty("says").GetString()!);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public async Task Load_ADefect_GivesOneErrorThatNamesIt(string folder, string says)
    {
        using TempFolder copy = new();
        string inner = copy.Copy(TestPaths.Golden("models", "bad", folder), folder);

        BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(async () =>
        {
            await using BlipModel model = await BlipModel.LoadAsync(inner);
            await model.AskAsync(BlipImage.FromFile(GoldenModels.ImagePath(0)), "how many dogs are there?");
        });
        Assert.Matches(new Regex(says, RegexOptions.IgnoreCase), error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain(copy.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal([inner], Directory.GetFileSystemEntries(copy.Path));
    }
}
