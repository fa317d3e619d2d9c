using Blip.AI;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Xunit;

namespace Blip.Plugin.Tests;

/// <summary>Embeddings as Microsoft.Extensions.AI asks for them: of texts and of images, in one space.</summary>
public class EmbeddingGeneratorTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generate_TextsAndImages_FindOneAnother()
    {
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        using BlipEmbeddingGenerator generator = new(matcher);
        Assert.IsAssignableFrom<IEmbeddingGenerator<string, Embedding<float>>>(generator);
        Assert.IsAssignableFrom<IEmbeddingGenerator<BlipImage, Embedding<float>>>(generator);
        GeneratedEmbeddings<Embedding<float>> ofTexts = await generator.GenerateAsync(
            ["a red house, a person and a yellow bird in the snow", "a yellow bus and a blue car on a street on a cloudy day"],
            cancellationToken: Stop);
        GeneratedEmbeddings<Embedding<float>> ofImages = await generator.GenerateAsync(
            [BlipImage.FromFile(TestPaths.Sample("snow.jpg")), BlipImage.FromFile(TestPaths.Sample("street.jpg"))],
            cancellationToken: Stop);
        Assert.All(ofTexts.Concat(ofImages), one => Assert.Equal(("demo-matching", 128), (one.ModelId, one.Vector.Length)));
        for (int i = 0; i < 2; i++)
            Assert.True(Cosine(ofTexts[i], ofImages[i]) > Cosine(ofTexts[i], ofImages[1 - i]) + 0.2);

        EmbeddingGeneratorMetadata? metadata = generator.GetService<EmbeddingGeneratorMetadata>();
        Assert.Equal(("demo-matching", 128), (metadata?.DefaultModelId, metadata?.DefaultModelDimensions));
        Assert.Same(matcher, generator.GetService<IBlipMatcher>());
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => generator.GenerateAsync(["night"], new EmbeddingGenerationOptions { Dimensions = 64 }, Stop));
        Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
    }

    private static double Cosine(Embedding<float> a, Embedding<float> b) =>
        a.Vector.ToArray().Zip(b.Vector.ToArray(), (x, y) => (double)x * y).Sum();
}
