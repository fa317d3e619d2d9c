namespace Blip.Images;

/// <summary>What happens to a frame's place on the canvas before the next frame is drawn.</summary>
internal enum FrameDisposal
{
    /// <summary>It stays.</summary>
    Keep,

    /// <summary>It becomes transparent.</summary>
    Clear,

    /// <summary>It becomes what it was before the frame.</summary>
    Restore,
}

/// <summary>A frame of an animated file, and how it is drawn on the canvas.</summary>
/// <param name="Left">The pixels of the canvas at its left.</param>
/// <param name="Top">The rows of the canvas above it.</param>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
/// <param name="IsBlended">Whether the canvas shows through where the frame is transparent.</param>
/// <param name="Disposal">What happens to its place afterwards.</param>
/// <param name="Still">Makes a file with this frame alone, which any decoder reads.</param>
internal sealed record AnimationFrame(
    int Left, int Top, int Width, int Height, bool IsBlended, FrameDisposal Disposal, Func<byte[]> Still);
