namespace Blip.Networks;

/// <summary>Who counts the memory of an image's embeddings.</summary>
internal interface IEmbeddingsOwner
{
    /// <summary>Whether an image of so many bytes has room at all.</summary>
    bool Admits(long bytes);

    /// <summary>The embeddings take more memory, or less. Called with no lock held.</summary>
    void BytesChanged();
}
