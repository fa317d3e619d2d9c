namespace Blip;

/// <summary>
/// A failure that Blip expects and reports. <see cref="Code"/> is one of <see cref="BlipErrorCode"/>. The message is for the caller:
/// one or two sentences that say what is wrong, what is allowed and what to do. It contains no secret, and no path that the caller
/// did not give.
/// </summary>
public class BlipException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">One of <see cref="BlipErrorCode"/>.</param>
    /// <param name="message">What is wrong, what is allowed, what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public BlipException(string code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>The stable code, one of <see cref="BlipErrorCode"/>.</summary>
    public string Code { get; }
}
