using System.Text;
using Blip.Hosting.Blobs;
using Xunit;

namespace Blip.Hosting.Tests;

public sealed class BacklogMessageTests
{
    [Theory]
    [InlineData("a", 500)]
    [InlineData("é\"\\\n", 256)]
    [InlineData("象", 1000)]
    public void Cut_AnyNames_FitIntoMessagesAndComeBack(string part, int length)
    {
        string[] names = [.. Enumerable.Range(0, 200).Select(i => string.Concat(Enumerable.Repeat(part, length)) + i)];
        BacklogMessage work = new("images", "p/", "id", 3, null, 0, []);
        string[] messages = [.. BacklogMessage.Cut(names).Select(page => (work with { Names = page }).ToString())];
        // A message may have 64 KiB, in base64.
        Assert.All(messages, message => Assert.InRange(Encoding.UTF8.GetByteCount(message), 1, 48 * 1024));
        Assert.Equal(names, messages.SelectMany(message => BacklogMessage.Parse(message).Names));
        Assert.All(messages, message => Assert.Equal(work, BacklogMessage.Parse(message) with { Names = work.Names }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("images")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"container":1}""")]
    [InlineData("""{"container":"a","step":"b"}""")]
    public void Parse_AnotherText_SaysWhatToWrite(string text)
    {
        FormatException wrong = Assert.Throws<FormatException>(() => BacklogMessage.Parse(text));
        Assert.Contains("""{"container":"images"}""", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_FirstMessage_IsAListing()
    {
        BacklogMessage first = BacklogMessage.Parse(BlobBacklog.FirstMessage("images", "in/"));
        Assert.Equal(("images", "in/", "", 0, 0), (first.Container, first.Prefix, first.Id, first.Step, first.Names.Count));
    }
}
