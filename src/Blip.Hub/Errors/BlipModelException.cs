namespace Blip;

/// <summary>
/// A checkpoint cannot be used: a file is missing or broken, or it describes a model that Blip cannot run. The message names the
/// file, the tensor or the key if there is one, and what to do.
/// </summary>
public sealed class BlipModelException : BlipException
{
    /// <summary>Creates the exception with the code <see cref="BlipErrorCode.ModelInvalid"/>.</summary>
    /// <param name="message">The file, the tensor or key, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public BlipModelException(string message, Exception? innerException = null)
        : this(BlipErrorCode.ModelInvalid, message, innerException)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="code"><see cref="BlipErrorCode.ModelInvalid"/> or <see cref="BlipErrorCode.ModelNotFound"/>.</param>
    /// <param name="message">The file, the tensor or key, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public BlipModelException(string code, string message, Exception? innerException = null)
        : base(code, message, innerException)
    {
    }
}
