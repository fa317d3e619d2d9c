namespace Blip.AI.Images;

/// <summary>An image that is kept under a handle.</summary>
/// <param name="Handle">Its name, as <see cref="IImageHandles.TryGet"/> takes it.</param>
/// <param name="Bytes">The size of the encoded image.</param>
/// <param name="MediaType">
/// By its first bytes: <c>image/jpeg</c>, <c>image/png</c>, <c>image/gif</c>, <c>image/webp</c>, <c>image/bmp</c>, or
/// <c>application/octet-stream</c>.
/// </param>
/// <param name="AddedAt">When it was first added.</param>
/// <param name="ExpiresAt">When it is dropped, unless it is used before.</param>
public sealed record StoredImage(string Handle, int Bytes, string MediaType, DateTimeOffset AddedAt, DateTimeOffset ExpiresAt);
