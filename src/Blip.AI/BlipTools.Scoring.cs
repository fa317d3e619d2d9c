using System.ComponentModel;

namespace Blip.AI;

public sealed partial class BlipTools
{
    internal const string ScoreImageName = "score_image";

    internal const string ScoreImageDescription =
        "Tells how well an image shows each thing that a text names, to check a generated image against its prompt. For one question, "
        + "ask_image.";

    internal const string PhrasesDescription = "1 to 16 noun phrases of the text in English, such as 'two dogs', 'a red car'.";

    /// <summary>Tells how well an image shows what a text names.</summary>
    [Description(ScoreImageDescription)]
    public async Task<ImageScore> ScoreImageAsync(
        [Description(ImageDescription)] string image,
        [Description(PhrasesDescription)] string[] phrases,
        CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(phrases, "phrases");
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            string[] texts = [.. phrases.Select(phrase => phrase ?? "")];
            PhraseScore score = await _service.ScoreAsync(resolved, texts, cancellationToken).ConfigureAwait(false);
            return new ImageScore
            {
                Score = Math.Round(score.Score, 4),
                Phrases = [.. texts.Zip(score.Probabilities, (text, share) => new ImageChoice(text, Math.Round(share, 2)))],
                Image = handle,
            };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageScore { Error = Report(exception) };
        }
    }
}
