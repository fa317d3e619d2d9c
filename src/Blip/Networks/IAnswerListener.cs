using Blip.Decoding;

namespace Blip.Networks;

/// <summary>Follows a run of questions.</summary>
internal interface IAnswerListener : ISearchListener
{
    /// <summary>All questions are encoded; the search begins.</summary>
    /// <param name="took">The time of encoding.</param>
    void Encoded(TimeSpan took);
}
