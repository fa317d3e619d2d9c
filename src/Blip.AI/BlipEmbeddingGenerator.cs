using Microsoft.Extensions.AI;

namespace Blip.AI;

/// <summary>
/// A model that matches images and texts, as the generator of embeddings that Microsoft.Extensions.AI asks for. Embeddings of texts and of
/// images are in one space and have unit length: the cosine of two of them is their dot product. Thread-safe.
/// </summary>
/// <param name="matcher">Makes the embeddings. Its owner disposes it; the generator does not.</param>
public sealed class BlipEmbeddingGenerator(IBlipMatcher matcher)
    : IEmbeddingGenerator<string, Embedding<float>>, IEmbeddingGenerator<BlipImage, Embedding<float>>
{
    /// <summary>Makes the embeddings of texts, in their order.</summary>
    /// <param name="values">Short texts in English.</param>
    /// <param name="options">The size that the caller expects, if it says one; the model is the one that is loaded.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <exception cref="BlipException">A text cannot be used, the model's embeddings have another size, or the queue is full.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Describe(await matcher.EmbedAsync([.. values], cancellationToken).ConfigureAwait(false), options);
    }

    /// <summary>Makes the embeddings of images, in their order.</summary>
    /// <param name="values">The images. One that was encoded recently is not encoded again.</param>
    /// <param name="options">The size that the caller expects, if it says one; the model is the one that is loaded.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <exception cref="BlipException">An image cannot be used, the model's embeddings have another size, or the queue is full.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<BlipImage> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        List<float[]> vectors = [];
        foreach (BlipImage image in values)
            vectors.Add(await matcher.EmbedAsync(image, cancellationToken).ConfigureAwait(false));
        return Describe(vectors, options);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata))
        {
            BlipMatcher? model = matcher as BlipMatcher;
            return new EmbeddingGeneratorMetadata("blip", null, model?.Info.Name, model?.Config.EmbeddingSize);
        }
        return serviceType.IsInstanceOfType(this) ? this : serviceType.IsInstanceOfType(matcher) ? matcher : null;
    }

    /// <summary>Does nothing: the owner of the model disposes it.</summary>
    public void Dispose()
    {
    }

    private GeneratedEmbeddings<Embedding<float>> Describe(IReadOnlyList<float[]> vectors, EmbeddingGenerationOptions? options)
    {
        if (vectors.Count > 0 && options?.Dimensions is { } size && size != vectors[0].Length)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest, $"This model's embeddings have {vectors[0].Length} numbers, not {size}. Leave out the size.");
        }
        string? model = (matcher as BlipMatcher)?.Info.Name;
        return new GeneratedEmbeddings<Embedding<float>>(
            vectors.Select(vector => new Embedding<float>(vector) { CreatedAt = DateTimeOffset.UtcNow, ModelId = model }));
    }
}
