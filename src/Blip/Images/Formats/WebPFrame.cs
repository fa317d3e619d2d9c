namespace Blip.Images;

/// <summary>A frame of an animated WebP file.</summary>
/// <param name="Still">A file with this frame alone.</param>
/// <param name="Left">The pixels of the canvas at its left.</param>
/// <param name="Top">The rows of the canvas above it.</param>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
internal sealed record WebPFrame(byte[] Still, int Left, int Top, int Width, int Height);
