namespace Blip.Decoding;

/// <summary>Runs the decoder over the next token of several answers at once. What it has read of each answer it remembers.</summary>
internal interface IAnswerDecoder
{
    /// <summary>The number of logits in a row.</summary>
    int VocabularySize { get; }

    /// <summary>Reads one more token of each answer named.</summary>
    /// <param name="answers">Which answers, ascending, each once.</param>
    /// <param name="tokens">Their next tokens, in the same order.</param>
    /// <param name="position">The tokens' position, from 0, the same for all.</param>
    /// <returns>Logits [answers, vocabulary], valid until the next call.</returns>
    ReadOnlySpan<float> Step(ReadOnlySpan<int> answers, ReadOnlySpan<int> tokens, int position);
}
