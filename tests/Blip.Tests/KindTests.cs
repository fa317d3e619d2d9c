using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests;

/// <summary>Whoever opens a model of another kind is told what it is, what runs it, and what to take instead.</summary>
public class KindTests
{
    private static readonly (string Folder, string Is, string Runs)[] Models =
    [
        ("base", "a model for visual question answering (BlipForQuestionAnswering)", "BlipModel, blip ask"),
        ("caption", "a model for captioning (BlipForConditionalGeneration)", "BlipCaptioner, blip caption"),
        ("matching", "a model for matching images and texts (BlipForImageTextRetrieval)", "BlipMatcher, blip match"),
    ];

    private static readonly string[] Examples =
        ["Salesforce/blip-vqa-base", "Salesforce/blip-image-captioning-base", "Salesforce/blip-itm-base-coco"];

    [Fact]
    public async Task Load_EveryKindAsEveryOther_SaysWhatItIsAndWhatToTake()
    {
        Func<string, Task>[] loads =
        [
            async folder => await (await BlipModel.LoadAsync(folder)).DisposeAsync(),
            async folder => await (await BlipCaptioner.LoadAsync(folder)).DisposeAsync(),
            async folder => await (await BlipMatcher.LoadAsync(folder)).DisposeAsync(),
        ];
        for (int needed = 0; needed < loads.Length; needed++)
        {
            for (int given = 0; given < Models.Length; given++)
            {
                (string name, string what, string runs) = Models[given];
                string folder = GoldenModels.Folder(name);
                if (given == needed)
                {
                    await loads[needed](folder);
                    continue;
                }
                BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(() => loads[needed](folder));
                Assert.StartsWith($"{name} is {what}.", error.Message, StringComparison.Ordinal);
                Assert.Contains(runs, error.Message, StringComparison.Ordinal);
                Assert.Contains(Examples[needed], error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain(TestPaths.Root, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Load_DefaultOptions_TakeTheDemoModelOfTheKind()
    {
        await using BlipCaptioner captioner = await BlipCaptioner.LoadAsync(new BlipOptions());
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(new BlipOptions());
        Assert.Equal(("demo-caption", "demo-matching"), (captioner.Info.Name, matcher.Info.Name));
    }

    [Theory]
    [InlineData("caption-wide", "text_decoder.bert.encoder.layer.0.crossattention.self.key.weight")]
    [InlineData("matching", "itm_head.weight")]
    [InlineData("matching", "text_proj.bias")]
    public void Open_ATensorIsMissing_IsNamed(string model, string tensor)
    {
        using TempFolder folder = new();
        string copy = folder.Copy(GoldenModels.Folder(model), model), file = Path.Combine(copy, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        // Another name of the same length leaves the header as long as it was.
        byte[] name = System.Text.Encoding.UTF8.GetBytes($"\"{tensor}\"");
        int place = bytes.AsSpan().IndexOf(name);
        bytes[place + 1] = (byte)'X';
        File.WriteAllBytes(file, bytes);
        BlipModelException error = Assert.Throws<BlipModelException>(() => Checkpoint.Open(copy));
        Assert.Contains($"Tensor {tensor} is missing", error.Message, StringComparison.Ordinal);
    }
}
