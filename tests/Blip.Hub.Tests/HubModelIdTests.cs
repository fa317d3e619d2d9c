using Xunit;

namespace Blip.Hub.Tests;

public class HubModelIdTests
{
    [Theory]
    [InlineData("Salesforce/blip-vqa-capfilt-large", "Salesforce/blip-vqa-capfilt-large", null)]
    [InlineData("gpt2", "gpt2", null)]
    [InlineData("a/b_c.d-e@main", "a/b_c.d-e", "main")]
    [InlineData("a/b@refs/pr/1", "a/b", "refs/pr/1")]
    [InlineData("a/b@v1.0+x", "a/b", "v1.0+x")]
    [InlineData("a/b@0123456789ABCDEF0123456789abcdef01234567", "a/b", "0123456789abcdef0123456789abcdef01234567")]
    [InlineData("https://huggingface.co/Salesforce/blip-vqa-base", "Salesforce/blip-vqa-base", null)]
    [InlineData("https://huggingface.co/gpt2/", "gpt2", null)]
    [InlineData("http://hf.co/a/b?library=transformers#files", "a/b", null)]
    [InlineData("https://huggingface.co/a/b/tree/main", "a/b", "main")]
    [InlineData("https://huggingface.co/a/b/tree/feature%2Fx/sub", "a/b", "feature/x")]
    [InlineData("https://huggingface.co/a/b/tree/refs%2Fpr%2F1", "a/b", "refs/pr/1")]
    [InlineData("https://huggingface.co/a/b/tree/refs/pr/1", "a/b", "refs/pr/1")]
    [InlineData("https://huggingface.co/a/b/blob/v1.0/config.json", "a/b", "v1.0")]
    [InlineData("https://huggingface.co/a/b/resolve/main/model.safetensors?download=true", "a/b", "main")]
    public void Parse_Valid_SplitsAtTheRevision(string id, string repository, string? revision)
    {
        HubModelId model = HubModelId.Parse(id);
        Assert.Equal((repository, revision), (model.Repository, model.Revision));
        Assert.Equal(repository, HubModelId.FromFolder(model.Folder)?.Repository);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/..")]
    [InlineData("a/b/c")]
    [InlineData("/a/b")]
    [InlineData("a/")]
    [InlineData(@"a\b")]
    [InlineData("c:a")]
    [InlineData("a--b")]
    [InlineData("a..b")]
    [InlineData("-a/b")]
    [InlineData("a/b.git")]
    [InlineData("a/b\n")]
    [InlineData("a/b\0")]
    [InlineData("ä/b")]
    [InlineData("https://example.com/a/b")]
    [InlineData("https://huggingface.co.example.com/a/b")]
    [InlineData("https://user:secret@huggingface.co/a/b")]
    [InlineData("https://huggingface.co/datasets/a/b")]
    [InlineData("https://huggingface.co/a/b/discussions")]
    [InlineData("https://huggingface.co/a/b/tree")]
    [InlineData("https://huggingface.co/a/b/tree/..%2F..%2Fx")]
    [InlineData("https://huggingface.co/")]
    [InlineData("a/b@")]
    [InlineData("a/b@../x")]
    [InlineData("a/b@x//y")]
    [InlineData("a/b@/x")]
    [InlineData("a/b@x/")]
    [InlineData("a/b@.x")]
    [InlineData("a/b@x.lock")]
    [InlineData("a/b@nul")]
    [InlineData("a/b@x@y")]
    [InlineData("a/b@x:y")]
    [InlineData(@"a/b@x\y")]
    [InlineData("a/b@x\n")]
    public void Parse_Invalid_IsRefusedInOneLine(string id)
    {
        Assert.False(HubModelId.TryParse(id, out _));
        BlipException e = Assert.Throws<BlipException>(() => HubModelId.Parse(id));
        Assert.Equal(BlipErrorCode.InvalidRequest, e.Code);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Fact]
    public void Parse_Lengths_AreBounded()
    {
        Assert.True(HubModelId.TryParse(new string('a', 96), out _));
        Assert.False(HubModelId.TryParse(new string('a', 97), out _));
        Assert.False(HubModelId.TryParse("a/b@" + new string('a', 201), out _));
        Assert.False(HubModelId.TryParse(new string('a', 1_000_000) + "!", out _));
        Assert.False(HubModelId.TryParse(null, out _));
    }

    [Theory]
    [InlineData("\"fab8930913d9f88ef51e367091b41d94b62866d2\"", "fab8930913d9f88ef51e367091b41d94b62866d2")]
    [InlineData("W/\"FAB8930913d9f88ef51e367091b41d94b62866d2\"", "fab8930913d9f88ef51e367091b41d94b62866d2")]
    [InlineData("fab8930913d9f88ef51e367091b41d94b62866d2", "fab8930913d9f88ef51e367091b41d94b62866d2")]
    [InlineData("\"../../fab8930913d9f88ef51e367091b41d94b62\"", null)]
    [InlineData("\"fab8930913d9f88ef51e367091b41d94b62866d2-gzip\"", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void ReadEtag_OnlyAHash_Passes(string? header, string? etag) => Assert.Equal(etag, HubFile.ReadEtag(header));
}
