namespace Blip;

/// <summary>
/// A checkpoint cannot be used: a file is missing or broken, or describes a model that Blip does not run. The message names
/// the file, the tensor or key where there is one, and the remedy.
/// </summary>
public sealed class BlipModelException : BlipException
{
    /// <summary>Creates the exception with the code <see cref="BlipErrorCode.ModelInvalid"/>.</summary>
    /// <param name="message">File, tensor or key, and remedy.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public BlipModelException(string message, Exception? innerException = null)
        : this(BlipErrorCode.ModelInvalid, message, innerException)
    {
    }

    private BlipModelException(string code, string message, Exception? innerException)
        : base(code, message, innerException)
    {
    }

    /// <summary>Creates the exception with the code <see cref="BlipErrorCode.ModelNotFound"/>.</summary>
    /// <param name="message">What is missing, and remedy.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public static BlipModelException NotFound(string message, Exception? innerException = null) =>
        new(BlipErrorCode.ModelNotFound, message, innerException);
}
