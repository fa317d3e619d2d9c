namespace Blip.Hosting.Asking;

/// <summary>An image of a request.</summary>
/// <param name="Bytes">The image, if the body contains it.</param>
/// <param name="Reference">The address, data URI or handle of the image; <see langword="null"/> if the body contains it.</param>
internal readonly record struct SentImage(ReadOnlyMemory<byte> Bytes, string? Reference = null)
{
    /// <summary>What an answer repeats: an address or a handle. An image that is in the request itself has no name.</summary>
    public string? Name =>
        Reference?.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase) ?? true ? null : Reference;
}
