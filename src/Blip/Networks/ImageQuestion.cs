using Blip.Decoding;
using Blip.Scheduling;

namespace Blip.Networks;

/// <summary>The ways to search for an answer. All questions of a run have the same.</summary>
internal enum QuestionSearch
{
    Greedy,
    Beams,
    Choices,
}

/// <summary>One question as the network takes it.</summary>
/// <param name="Embeddings">The image.</param>
/// <param name="Ids">The question's tokens, [CLS] and [SEP] included.</param>
/// <param name="Limits">How long its answer may be.</param>
internal sealed record ImageQuestion(ImageEmbeddings Embeddings, int[] Ids, AnswerLimits Limits) : IRunItem
{
    /// <summary>How it is searched for by beams; <see langword="null"/> otherwise.</summary>
    public BeamPlan? Beams { get; init; }

    /// <summary>What its answer may be; <see langword="null"/> for anything.</summary>
    public ChoiceList? Choices { get; init; }

    /// <summary>
    /// The tokens of the question about the whole image with which its attention is compared; <see langword="null"/> where nobody wants to
    /// know where it looked.
    /// </summary>
    public int[]? ComparedIds { get; init; }

    public QuestionSearch Search =>
        Choices is not null ? QuestionSearch.Choices : Beams is not null ? QuestionSearch.Beams : QuestionSearch.Greedy;

    /// <summary>Its tokens; frames, beams, choices and explaining cost as if it were longer.</summary>
    public int Tokens =>
        (Ids.Length * (Beams?.Beams ?? 1) * Embeddings.Frames) + (Choices?.Rows ?? 0)
        + (ComparedIds is { } compared ? Ids.Length + compared.Length : 0);

    /// <summary>Questions on one image are encoded in one pass.</summary>
    public object Group => Embeddings;
}
