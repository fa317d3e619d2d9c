namespace Blip.AI.Images;

/// <summary>The result of adding an image to a store.</summary>
/// <param name="Image">The image under its handle.</param>
/// <param name="Existed">Whether the same image was there before.</param>
public readonly record struct AddedImage(StoredImage Image, bool Existed);
