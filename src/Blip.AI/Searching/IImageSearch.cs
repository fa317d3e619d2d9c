namespace Blip.AI.Searching;

/// <summary>Finds images by text in folders that an operator allowed; the package Blip.Search implements it. Thread-safe.</summary>
public interface IImageSearch
{
    /// <summary>Whether there are folders, and a model that matches images and texts.</summary>
    bool IsConfigured { get; }

    /// <summary>Finds the images that a text describes best, the best first.</summary>
    /// <param name="query">A short text in English.</param>
    /// <param name="top">How many images: 1 to 100.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="BlipException">The text cannot be used, or there is no model.</exception>
    Task<IReadOnlyList<FoundImage>> SearchAsync(string query, int top, CancellationToken cancellationToken = default);

    /// <summary>Reads an image that a search may find.</summary>
    /// <param name="handle">Its handle.</param>
    /// <param name="image">Its bytes, which never change.</param>
    /// <returns>Whether there is such an image, with the content of the handle.</returns>
    bool TryRead(string handle, out ReadOnlyMemory<byte> image);
}
