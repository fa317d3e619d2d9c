namespace Blip.Hosting.Asking;

/// <summary>An image and what is asked about it, as a request gave them.</summary>
/// <param name="Bytes">The image itself, where the body held it.</param>
/// <param name="Reference">Otherwise an address, a data URI or a handle.</param>
/// <param name="Questions">What was asked, in order.</param>
/// <param name="IsMany">Whether the answer is a list, even of one.</param>
internal sealed record AskRequest(ReadOnlyMemory<byte> Bytes, string? Reference, IReadOnlyList<string> Questions, bool IsMany);
