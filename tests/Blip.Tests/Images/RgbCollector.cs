using Blip.Images;

namespace Blip.Tests.Images;

/// <summary>Collects red, green and blue of all rows.</summary>
internal sealed class RgbCollector : IPixelRows
{
    private readonly List<byte> _rgb = [];

    public byte[] Rgb => [.. _rgb];

    public void Write(ReadOnlySpan<byte> rgba)
    {
        for (int i = 0; i < rgba.Length; i += 4)
            _rgb.AddRange(rgba.Slice(i, 3));
    }

    public static byte[] Decode(byte[] data, AlphaMode alpha = AlphaMode.Drop)
    {
        ImagePreprocessor preprocessor = new(1, 1, new ImageOptions { Alpha = alpha });
        BlipImage image = BlipImage.FromBytes(data);
        RgbCollector rows = new();
        preprocessor.Decode(image, image.ReadHeader(), rows, CancellationToken.None);
        return rows.Rgb;
    }
}
