namespace Blip.Decoding;

/// <summary>The network computed a NaN or an infinity. The model turns it into a message that names the tensor that caused it.</summary>
internal sealed class NonFiniteException() : Exception("The network computed a value that is not finite.");
