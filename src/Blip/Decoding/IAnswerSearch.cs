namespace Blip.Decoding;

/// <summary>A way to find answers: decides which tokens a decoder reads next, from the logits that it gave.</summary>
internal interface IAnswerSearch
{
    /// <summary>Searches to the end.</summary>
    /// <param name="decoder">Knows the questions.</param>
    /// <param name="listener">Gets each answer when it is found.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    void Run(IAnswerDecoder decoder, ISearchListener listener, CancellationToken cancellationToken);
}
