using System.ComponentModel;

namespace Blip.AI;

#pragma warning disable CA1707 // As in BlipTools.cs.

public sealed partial class BlipTools
{
    internal const string ChooseAnswerName = "choose_answer";

    internal const string ChooseAnswerDescription =
        "Like ask_image, but with given answers: tells which of up to 16 answers fits the image best, and how likely each is. "
        + "Always picks one; add an answer such as 'none' if none may fit.";

    internal const string ChoicesDescription = "1 to 16 different short answers in plain English words.";

    /// <summary>Ranks given answers to a question about an image.</summary>
    [Description(ChooseAnswerDescription)]
    public async Task<ImageAnswer> ChooseAnswerAsync(
        [Description(ImageDescription)] string image,
        [Description(QuestionDescription)] string question,
        [Description(ChoicesDescription)] string[] choices,
        [Description(MinConfidenceDescription)] double? min_confidence = null,
        CancellationToken cancellationToken = default)
    {
        try
        {
            CheckCount(choices, "choices");
            (BlipImage resolved, string? handle) = await ResolveAsync(image, cancellationToken).ConfigureAwait(false);
            string[] texts = [.. choices.Select(choice => choice ?? "")];
            Answer answer = await _service
                .AskAsync(resolved, question ?? "", texts, Options(min_confidence), cancellationToken).ConfigureAwait(false);
            return ImageAnswer.From(answer, handle) with
            {
                Choices = answer.IsLowConfidence ? null
                    : [.. answer.Choices.Select(choice => new ImageChoice(choice.Text, Math.Round(choice.Probability, 2)))],
            };
        }
        catch (Exception exception) when (!IsCancelled(exception, cancellationToken))
        {
            return new ImageAnswer { Error = Report(exception) };
        }
    }
}
