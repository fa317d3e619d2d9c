namespace Blip.Hosting.Asking;

/// <summary>An image and the questions about it, as a request gave them.</summary>
/// <param name="Bytes">The image, if the body contains it.</param>
/// <param name="Reference">The address, data URI or handle of the image. <see langword="null"/> if the body contains the image.</param>
/// <param name="Questions">The questions, in order.</param>
/// <param name="IsMany">Whether the answer is a list. A list may have only one answer.</param>
internal sealed record AskRequest(ReadOnlyMemory<byte> Bytes, string? Reference, IReadOnlyList<string> Questions, bool IsMany)
{
    /// <summary>How the answers are found.</summary>
    public AskOptions Options { get; init; } = AskOptions.Default;
}
