namespace Blip.Images;

/// <summary>The frames of animated files: GIF, WebP and PNG.</summary>
internal static class Animation
{
    /// <summary>All pixels that are drawn until the last frame that is looked at, counted in images of the most pixels.</summary>
    private const int MaxCanvases = 16;

    /// <summary>The most frames of a file. A frame takes a few bytes of the file, but much more memory and time.</summary>
    private const int MaxFileFrames = 10_000;

    /// <summary>The frames of a file, in order; none where it is not an animation.</summary>
    /// <exception cref="BlipException">The file ends early, has too many frames, or a frame lies outside its size.</exception>
    public static IReadOnlyList<AnimationFrame> FramesOf(ReadOnlyMemory<byte> data, ImageHeader header)
    {
        List<AnimationFrame> frames = header.Format switch
        {
            ImageFormat.Gif => GifAnimation.Frames(data),
            ImageFormat.WebP => WebPFile.Frames(data),
            ImageFormat.Png => PngAnimation.Frames(data),
            _ => [],
        };
        foreach (AnimationFrame frame in frames)
        {
            if (frame.Left + (long)frame.Width > header.Width || frame.Top + (long)frame.Height > header.Height)
                throw ImageErrors.Corrupt(header.Format, "a frame lies outside its size");
        }
        return frames.Count > 1 ? frames : [];
    }

    /// <summary>Adds a frame to those of its file.</summary>
    /// <exception cref="BlipException">There are too many.</exception>
    public static void Add(List<AnimationFrame> frames, AnimationFrame frame)
    {
        if (frames.Count == MaxFileFrames)
        {
            throw new BlipException(BlipErrorCode.UnsupportedImage, FormattableString.Invariant(
                $"The animation has more than the {MaxFileFrames:N0} frames that are read. Make it shorter."));
        }
        frames.Add(frame);
    }

    /// <summary>The places of at most so many of some frames, evenly distributed; the first is among them.</summary>
    public static int[] Sample(int count, int most) =>
        count <= most ? [.. Enumerable.Range(0, count)] : [.. Enumerable.Range(0, most).Select(i => (int)((long)i * count / most))];

    /// <summary>Refuses an animation that takes too long to draw.</summary>
    /// <param name="header">Its size.</param>
    /// <param name="frames">How many of its frames are drawn.</param>
    /// <param name="limits">The limits of an image.</param>
    public static void CheckLength(ImageHeader header, int frames, ImageLimits limits)
    {
        if (header.Pixels * frames > (long)MaxCanvases * limits.MaxPixels)
        {
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant(
                $"The animation is too long: {frames} frames of {header.Width} x {header.Height} pixels. Make it shorter or smaller."));
        }
    }
}
