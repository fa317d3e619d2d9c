using System.Text.RegularExpressions;

namespace Blip;

/// <summary>
/// A failure that Blip expects and reports. <see cref="Code"/> is one of <see cref="BlipErrorCode"/>, or of the codes that a layer above
/// adds. The message is for the caller: one or two sentences that say what is wrong, what is allowed and what to do. It contains no
/// secret, and no path that the caller did not give.
/// </summary>
public partial class BlipException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">One of <see cref="BlipErrorCode"/>, or of a layer above: lower-case words with underscores between.</param>
    /// <param name="message">What is wrong, what is allowed, what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    /// <exception cref="ArgumentException">The code is not of that form: perhaps it is the message.</exception>
    public BlipException(string code, string message, Exception? innerException = null)
        : base(message, innerException) =>
        Code = SnakeCase().IsMatch(code)
            ? code
            : throw new ArgumentException($"'{code}' is not a code: it has lower-case words with underscores between them.", nameof(code));

    /// <summary>The stable code: one of <see cref="BlipErrorCode"/>, or of the codes that a layer above adds.</summary>
    public string Code { get; }

    [GeneratedRegex(@"^[a-z]+(_[a-z]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SnakeCase();
}
