using System.ComponentModel;
using Blip.AI.Searching;

namespace Blip.AI;

public sealed partial class BlipTools
{
    internal const string SearchImagesName = "search_images";

    internal const string SearchImagesDescription =
        "Finds images by a short description, among those that the operator allowed: the best 5, with names that the other tools take.";

    /// <summary>The most images that a search gives: each takes tokens of the reader.</summary>
    private const int MaxFound = 5;

    /// <summary>How many are looked at for them: files that are copies have one handle, and are one image to the reader.</summary>
    private const int Looked = 3 * MaxFound;

    /// <summary>Finds the images that a text describes best.</summary>
    [Description(SearchImagesDescription)]
    public async Task<ImageMatches> SearchImagesAsync(
        [Description(TextDescription)] string text, CancellationToken cancellationToken = default)
    {
        try
        {
            IImageSearch search = _search ?? throw NotConfigured("search");
            IReadOnlyList<FoundImage> found = await search.SearchAsync(text ?? "", Looked, cancellationToken).ConfigureAwait(false);
            return new ImageMatches { Matches = [.. found.DistinctBy(image => image.Handle).Take(MaxFound).Select(Describe)] };

            ImageMatch Describe(FoundImage image) => new()
            {
                // A conversation has short names of its own; elsewhere a handle is read by the service that gave it.
                Image = _conversation.HasHandles && search.TryRead(image.Handle, out ReadOnlyMemory<byte> bytes)
                    ? _conversation.Attach(bytes.Span) ?? image.Handle : image.Handle,
                Match = image.Match is { } match ? Math.Round(match, 2) : null,
            };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageMatches { Error = Report(exception) };
        }
    }
}
