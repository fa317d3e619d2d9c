namespace Blip.Decoding;

/// <summary>Runs the decoder over the next tokens of several answers at once. What it has read of each answer it remembers.</summary>
internal interface IAnswerDecoder
{
    /// <summary>The number of logits in a row.</summary>
    int VocabularySize { get; }

    /// <summary>
    /// Reads more tokens. Rows form trees: a row sees its ancestors and its answer's question and nothing else, so that one answer can be
    /// continued in several ways in the same pass.
    /// </summary>
    /// <param name="rows">
    /// The tokens; a parent stands before its children, in this pass or in the one before. So an answer without a row has ended.
    /// </param>
    /// <returns>Logits [rows, vocabulary], valid until the next call.</returns>
    ReadOnlySpan<float> Step(ReadOnlySpan<DecoderRow> rows);

    /// <summary>Forgets all that it has read, so that rows are counted from 0 again. The questions stay.</summary>
    void Forget();
}
