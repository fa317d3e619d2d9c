using System.Text.Json.Nodes;
using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

public class ModelArchitectureTests
{
    [Theory]
    [InlineData("base")]
    [InlineData("deep-text")]
    [InlineData("deep-vision")]
    [InlineData("patch14")]
    [InlineData("caption")]
    [InlineData("caption-wide")]
    [InlineData("matching")]
    public void ExpectedTensors_OfAWholeModel_AreAllThatItsFileHolds(string model)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder(model));
        IEnumerable<ExpectedTensor> expected = checkpoint.Architecture.ExpectedTensors(checkpoint.Config, checkpoint.IsHeadTied);
        Assert.Equal(
            checkpoint.Tensors.Values.DistinctBy(tensor => tensor.Offset).Select(Describe).Order(StringComparer.Ordinal),
            expected.Select(tensor => Describe(checkpoint.Tensors[tensor.Name])).Order(StringComparer.Ordinal));
        Assert.All(expected, tensor => Assert.Equal(tensor.Shape, checkpoint.Tensors[tensor.Name].Shape));
    }

    [Theory]
    [InlineData("""{"model_type":"blip","architectures":["BlipForQuestionAnswering"]}""")]
    [InlineData("""{"model_type":"blip"}""")]
    [InlineData("""{"model_type":"blip","architectures":null}""")]
    [InlineData("""{"model_type":"blip","architectures":[]}""")]
    [InlineData("""{"architectures":["BlipForQuestionAnswering"]}""")]
    public void Find_NamedOrLeftOut_IsQuestionAnswering(string config) => Assert.Equal("BlipForQuestionAnswering", Find(config).Name);

    [Theory]
    [InlineData("""{"model_type":"blip","architectures":["BlipForPreTraining"]}""", "BlipForPreTraining")]
    [InlineData("""{"model_type":"blip","architectures":["One\n\u2028Line"]}""", "One  Line")]
    [InlineData("""{"model_type":"bert","architectures":["BlipForQuestionAnswering"]}""", "bert")]
    [InlineData("""{"model_type":"blip\n2"}""", "blip 2")]
    [InlineData("{}", "null")]
    [InlineData("""{"model_type":"blip","architectures":["BlipForQuestionAnswering",1]}""", "architectures")]
    public void Find_AnotherModel_IsRefusedInOneLine(string config, string names)
    {
        BlipModelException error = Assert.Throws<BlipModelException>(() => Find(config));
        Assert.Contains(names, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void Open_TextAndVisionOfOtherWidths_AsksForEqualOnes()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        string path = Path.Combine(folder.Path, "config.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        root["vision_config"]!["hidden_size"] = 64;
        File.WriteAllText(path, root.ToJsonString());
        string message = Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder.Path)).Message;
        Assert.Contains("vision_config.hidden_size in config.json is 64", message, StringComparison.Ordinal);
        Assert.Contains("text_config.hidden_size is 32", message, StringComparison.Ordinal);
    }

    private static string Describe(CheckpointTensor tensor) => $"{tensor.Name} [{string.Join(", ", tensor.Shape)}]";

    private static ModelArchitecture Find(string config)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, BlipConfig.FileName), config);
        return ModelArchitectures.Find(BlipConfig.OpenFile(folder.Path));
    }
}
