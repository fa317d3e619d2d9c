using System.ComponentModel;

namespace Blip.AI;

public sealed partial class BlipTools
{
    internal const string DescribeImageName = "describe_image";
    internal const string MatchImagesName = "match_images";

    internal const string DescribeImageDescription =
        "Describes an image in one short sentence. For a specific question use ask_image.";

    internal const string MatchImagesDescription =
        "Tells how well a text describes each of up to 16 images, the best first, to choose one of them.";

    internal const string TextDescription = "A short description in English, such as 'two dogs on a meadow'.";

    /// <summary>Describes an image.</summary>
    [Description(DescribeImageDescription)]
    public async Task<ImageAnswer> DescribeImageAsync(
        [Description(ImageDescription)] string image, CancellationToken cancellationToken = default)
    {
        try
        {
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            Caption caption = await Captioner.CaptionAsync(resolved, cancellationToken: cancellationToken).ConfigureAwait(false);
            return new ImageAnswer { Answer = caption.Text, Image = handle };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswer { Error = Report(exception) };
        }
    }

    /// <summary>Tells which of several images a text describes best.</summary>
    [Description(MatchImagesDescription)]
    public async Task<ImageMatches> MatchImagesAsync(
        [Description(ImagesDescription)] string[] images,
        [Description(TextDescription)] string text,
        CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(images, "images");
            ImageMatch[] matches = await Task.WhenAll(images.Select(MatchAsync)).ConfigureAwait(false);
            // What has no name, or a name that is too long or that two have, is called by its place.
            IEnumerable<ImageMatch> told = matches.Select((match, i) =>
                match.Image.Length > 0 && matches.Count(other => other.Image == match.Image) == 1
                    ? match : match with { Image = FormattableString.Invariant($"images[{i}]") });
            return new ImageMatches { Matches = [.. told.OrderByDescending(match => match.Match ?? -1)] };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageMatches { Error = Report(exception) };
        }

        async Task<ImageMatch> MatchAsync(string image)
        {
            try
            {
                (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
                TextMatch[] matches = await Matcher.MatchAsync(resolved, [text ?? ""], cancellationToken).ConfigureAwait(false);
                // A file is known by its name alone, and an address by its host: others may have the same. So what was given comes first.
                bool isHandle = handle is not null && _conversation.TryGet(handle, out _);
                return new ImageMatch { Image = isHandle ? handle! : Name(image, handle), Match = Math.Round(matches[0].Match, 2) };
            }
            // An error that no image can correct is the error of the call.
            catch (BlipException exception) when (exception.Code
                is not (BlipErrorCode.QuestionEmpty or BlipErrorCode.QuestionTooLong or ServiceErrorCode.ModelNotConfigured))
            {
                return new ImageMatch { Image = Name(image), Error = Report(exception) };
            }
        }

        static string Name(params string?[] names) => names.FirstOrDefault(name =>
            name is { Length: <= MaxNameLength } && !name.StartsWith("data:", StringComparison.OrdinalIgnoreCase)) ?? "";
    }

    private IBlipCaptioner Captioner => _captioner ?? throw NotConfigured("captioning");

    private IBlipMatcher Matcher => _matcher ?? throw NotConfigured("matching");

    private static BlipException NotConfigured(string kind) => new(
        ServiceErrorCode.ModelNotConfigured, $"No {kind} model is configured here. Continue without this tool.");
}
