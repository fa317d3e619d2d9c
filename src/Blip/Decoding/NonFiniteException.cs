namespace Blip.Decoding;

/// <summary>The network gave a NaN or an infinity. The model turns it into a message that names the tensor at fault.</summary>
internal sealed class NonFiniteException() : Exception("The network computed a value that is not finite.");
