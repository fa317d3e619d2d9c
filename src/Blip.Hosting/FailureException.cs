namespace Blip.Hosting;

/// <summary>Ends a request with a failure.</summary>
internal sealed class FailureException(Failure failure) : Exception(failure.Message)
{
    public Failure Failure { get; } = failure;
}
