using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary><c>blip caption</c>, <c>blip match</c> and <c>blip score</c>, as their users see them.</summary>
[Trait("Category", "Long")]
public class CaptionTests
{
    private const string Street = "a yellow bus, a blue car and a green bicycle on a street on a cloudy day";

    [Fact]
    public async Task Caption_OneImage_IsTheCaptionAlone()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("caption", TestPaths.Sample("street.jpg"));
        Assert.Equal((0, Street + "\n"), (result.Code, result.Out));
        Assert.StartsWith("model demo-caption (a small model", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    /// <summary>The order is that of the images, whichever is done first; one that fails costs the others nothing.</summary>
    [Fact]
    public async Task Caption_ManyImages_AreInOrderWithAnErrorForOneThatFails()
    {
        string street = TestPaths.Sample("street.jpg"), snow = TestPaths.Sample("snow.jpg"), none = TestPaths.Sample("samples.json");
        BlipProcess.Result text = await BlipProcess.RunAsync("caption", street, none, snow);
        Assert.Equal(1, text.Code);
        Assert.Equal([$"{street}\t{Street}", $"{snow}\ta red house, a person and a yellow bird in the snow on a snowy day"], text.Lines);
        Assert.Contains(none, text.ErrorLines[^1], StringComparison.Ordinal);

        BlipProcess.Result json = await BlipProcess.RunAsync("caption", none, street, "--json", "--prompt", "a yellow");
        Assert.Equal((1, 2), (json.Code, json.Lines.Length));
        using JsonDocument failed = JsonDocument.Parse(json.Lines[0]), found = JsonDocument.Parse(json.Lines[1]);
        Assert.Equal(none, failed.RootElement.GetProperty("image").GetString());
        Assert.Equal("unsupported_image", failed.RootElement.GetProperty("error").GetProperty("code").GetString());
        JsonElement caption = found.RootElement;
        Assert.Equal(Street, caption.GetProperty("caption").GetString());
        // The start token and the prompt's three have no log-probability.
        int ids = caption.GetProperty("token_ids").GetArrayLength();
        Assert.Equal(ids - 3, caption.GetProperty("token_logprobs").GetArrayLength());
        string?[] model = [.. ((string[])["model", "device", "precision"]).Select(name => caption.GetProperty(name).GetString())];
        Assert.Equal(["demo-caption", "cpu", "fp32"], model);
    }

    [Fact]
    public async Task Match_Texts_HaveALineEach()
    {
        string dogs = TestPaths.Sample("dogs.jpg");
        BlipProcess.Result text = await BlipProcess.RunAsync("match", dogs, "two dogs", "night");
        Assert.Equal((0, 2), (text.Code, text.Lines.Length));
        Assert.Matches(@"^ *\d+\.\d %  cosine +-?\d\.\d\d  two dogs$", text.Lines[0]);
        BlipProcess.Result json = await BlipProcess.RunAsync("match", dogs, "two dogs", "night", "--json");
        JsonElement[] matches = [.. json.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["two dogs", "night"], matches.Select(match => match.GetProperty("text").GetString()));
        Assert.True(matches[0].GetProperty("match").GetDouble() > 0.5);
        Assert.True(matches[1].GetProperty("match").GetDouble() < 0.5);
        Assert.All(matches, match => Assert.InRange(match.GetProperty("cosine").GetDouble(), -1, 1));
    }

    [Fact]
    public async Task Score_Phrases_HaveALineEachAndTheirProduct()
    {
        string dogs = TestPaths.Sample("dogs.jpg");
        BlipProcess.Result text = await BlipProcess.RunAsync("score", dogs, "two dogs", "a bus");
        Assert.Equal((0, 3), (text.Code, text.Lines.Length));
        Assert.Matches(@"^0\.9\d{3}  two dogs$", text.Lines[0]);
        Assert.EndsWith("  score", text.Lines[2], StringComparison.Ordinal);

        BlipProcess.Result json = await BlipProcess.RunAsync("score", dogs, "--prompt", "Two dogs and a bus", "--json");
        JsonElement score = JsonDocument.Parse(Assert.Single(json.Lines)).RootElement;
        Assert.Equal(["two dogs", "a bus"], score.GetProperty("phrases").EnumerateArray().Select(phrase => phrase.GetString()));
        double[] probabilities = [.. score.GetProperty("probabilities").EnumerateArray().Select(one => one.GetDouble())];
        Assert.Equal(probabilities[0] * probabilities[1], score.GetProperty("score").GetDouble(), 1e-12);
        Assert.Equal("demo", score.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("demo-caption", "BlipForConditionalGeneration", "It describes images: BlipCaptioner, blip caption", "decoder 4 layers")]
    [InlineData("demo-matching", "BlipForImageTextRetrieval", "BlipMatcher, blip match", "encoder 4 layers")]
    public async Task Info_OtherKinds_SayWhatTheyAre(string model, string architecture, string use, string parts)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("info", "--model", model);
        Assert.Equal(0, result.Code);
        Assert.Contains(architecture, result.Out, StringComparison.Ordinal);
        Assert.Contains(use, result.Out, StringComparison.Ordinal);
        Assert.Contains(parts, result.Out, StringComparison.Ordinal);
        Assert.Equal(model == "demo-caption", result.Out.Contains("word embeddings", StringComparison.Ordinal));
    }
}
