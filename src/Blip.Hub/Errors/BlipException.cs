namespace Blip;

/// <summary>
/// A failure that Blip foresaw. <see cref="Code"/> is one of <see cref="BlipErrorCode"/>, or of the codes that a layer above adds; the
/// message is one sentence or two for the caller: what was found, what is allowed, what to do. It holds no secret and no path that the
/// caller did not give.
/// </summary>
public class BlipException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">One of <see cref="BlipErrorCode"/>, or of the codes that a layer above adds.</param>
    /// <param name="message">What was found, what is allowed, what to do.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public BlipException(string code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>The stable code: one of <see cref="BlipErrorCode"/>, or of the codes that a layer above adds.</summary>
    public string Code { get; }
}
