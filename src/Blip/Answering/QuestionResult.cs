using Blip.Decoding;

namespace Blip.Answering;

/// <summary>What a run gave for one question.</summary>
/// <param name="Answer">The answer in tokens.</param>
/// <param name="Start">When the run began, as a timestamp of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="QuestionTime">The question encoder's time, for all questions of the run.</param>
/// <param name="SearchTime">The time from there until this answer was found.</param>
internal sealed record QuestionResult(FoundAnswer Answer, long Start, TimeSpan QuestionTime, TimeSpan SearchTime);
