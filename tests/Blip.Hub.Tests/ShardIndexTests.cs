using Blip.Files;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>An index of weights comes from strangers, and its names become names of files.</summary>
public sealed class ShardIndexTests : IDisposable
{
    private const string Index = "model.safetensors.index.json";

    private readonly string _folder = Directory.CreateTempSubdirectory("blip index ").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_NoFile_IsNull() => Assert.Null(ShardIndex.Read(_folder, Index));

    [Fact]
    public void Read_AnIndex_GivesEachTensorItsFile()
    {
        ShardIndex index = Read("""
            {"metadata":{"total_size":1},"weight_map":{"b":"2.safetensors","a":"1.safetensors","c":"2.safetensors"}}
            """);
        Assert.Equal(["2.safetensors", "1.safetensors"], index.Shards);
        Assert.Equal(
            ["a 1.safetensors", "b 2.safetensors", "c 2.safetensors"], index.ShardOf.Select(pair => $"{pair.Key} {pair.Value}").Order());
    }

    [Theory]
    [InlineData("model.safetensors", "model.safetensors.index.json")]
    [InlineData("pytorch_model.bin", "pytorch_model.bin.index.json")]
    public void NameFor_Weights_IsAnIndex(string weights, string index)
    {
        Assert.Equal(index, ShardIndex.NameFor(weights));
        Assert.True(ShardIndex.IsIndex(index));
        Assert.False(ShardIndex.IsIndex(weights));
    }

    [Theory]
    [InlineData("\"../x.safetensors\"")]
    [InlineData("\"/x.safetensors\"")]
    [InlineData("\"a/b.safetensors\"")]
    [InlineData("\"a\\\\b.safetensors\"")]
    [InlineData("\"c:x.safetensors\"")]
    [InlineData("\".x.safetensors\"")]
    [InlineData("\"nul.safetensors\"")]
    [InlineData("\"x\\u0000.safetensors\"")]
    [InlineData("\"..\"")]
    [InlineData("\"\"")]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("{}")]
    public void Read_AShardThatIsNoPlainName_NamesTheTensor(string shard) =>
        Assert.Contains(
            "tensor a.weight outside the model's folder",
            RefusalOf($$"""{"weight_map":{"a.weight":{{shard}} } }"""),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(Index, "config.json")]
    [InlineData(Index, "model.bin")]
    [InlineData(Index, "model.safetensors.exe")]
    [InlineData(Index, "model.SAFETENSORS")]
    [InlineData("pytorch_model.bin.index.json", "model.safetensors")]
    public void Read_AShardOfAnotherForm_IsNamed(string index, string shard) =>
        Assert.Contains(
            $"into {shard}, which is not a ", RefusalOf($$"""{"weight_map":{"a":"{{shard}}"} }""", index), StringComparison.Ordinal);

    [Fact]
    public void Read_1024Files_AreRead_OneMore_IsRefused()
    {
        Assert.Equal(1024, Read(Map(1024)).Shards.Count);
        Assert.Contains("more than 1024 files", RefusalOf(Map(1025)), StringComparison.Ordinal);

        static string Map(int files) =>
            "{\"weight_map\":{" + string.Join(',', Enumerable.Range(0, files).Select(i => $"\"{i}\":\"{i}.safetensors\"")) + "}}";
    }

    [Theory]
    [InlineData("""{"weight_map":{}}""", "weight_map is empty")]
    [InlineData("{}", "no weight_map")]
    [InlineData("""{"weight_map":null}""", "no weight_map")]
    [InlineData("""{"weight_map":["model.safetensors"]}""", "no weight_map")]
    public void Read_NoTensors_SaysSo(string content, string says) => Assert.Contains(says, RefusalOf(content), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","a":"../2.safetensors"}}""", "outside the model's folder")]
    [InlineData("""{"weight_map":{"a":NaN}}""", "into NaN, which is not a .safetensors file")]
    [InlineData("""{"weight_map":{"a":nan}}""", "not valid JSON (line 1)")]
    [InlineData("""{"weight_map":{"a":"\ud800.safetensors"}}""", "not Unicode")]
    [InlineData("[]", "instead of a JSON object")]
    public void Read_NotAJsonObject_SaysSo(string content, string says) =>
        Assert.Contains(says, RefusalOf(content), StringComparison.Ordinal);

    /// <summary>As Python reads them: the last of two values, and numbers that are none.</summary>
    [Fact]
    public void Read_WhatPythonReadsBeyondJson_IsRead()
    {
        ShardIndex index = Read("""
            {"metadata":{"n":[NaN,Infinity,-Infinity],"t":"\"NaN"},
            "weight_map":{"a":"1.safetensors","b":"b","b":"3.safetensors","a":"2.safetensors"}}
            """);
        Assert.Equal(["2.safetensors", "3.safetensors"], index.Shards.Order(StringComparer.Ordinal));
        Assert.Equal("2.safetensors", index.ShardOf["a"]);
    }

    [Fact]
    public void Read_TooLarge_IsRefusedUnread()
    {
        using (FileStream file = File.Create(Path.Combine(_folder, Index)))
            file.SetLength(25_000_001);
        Assert.Contains("at most 25000000", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ATensorsNameWithLineBreaks_IsShownOnOneShortLine()
    {
        string message = RefusalOf($$"""{"weight_map":{"evil\n\u001b{{new string('x', 10_000)}}":"../x.safetensors"} }""");
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 20, 400);
    }

    private ShardIndex Read(string content)
    {
        File.WriteAllText(Path.Combine(_folder, Index), content);
        return ShardIndex.Read(_folder, Index)!;
    }

    private string RefusalOf(string content, string index = Index)
    {
        File.WriteAllText(Path.Combine(_folder, index), content);
        return Refusal(index);
    }

    private string Refusal(string index = Index)
    {
        BlipModelException error = Assert.Throws<BlipModelException>(() => ShardIndex.Read(_folder, index));
        Assert.Equal(BlipErrorCode.ModelInvalid, error.Code);
        Assert.StartsWith(index, error.Message, StringComparison.Ordinal);
        return error.Message;
    }
}
