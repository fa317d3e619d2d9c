namespace Blip.AI.Images;

/// <summary>What became of an image that was given to a store.</summary>
/// <param name="Image">The image under its handle.</param>
/// <param name="Existed">Whether the same image was there before.</param>
public readonly record struct AddedImage(StoredImage Image, bool Existed);
