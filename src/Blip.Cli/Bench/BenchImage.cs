using SkiaSharp;

namespace Blip.Cli.Bench;

/// <summary>The JPEG images that the benchmark asks about.</summary>
internal static class BenchImage
{
    private const int Quality = 90;

    /// <summary>Draws an image of 640x480 with as many edges and colours as a photograph.</summary>
    public static byte[] Draw()
    {
        using SKBitmap bitmap = new(640, 480);
        using SKCanvas canvas = new(bitmap);
        using SKPaint paint = new();
        Random random = new(1);
        for (int i = 0; i < 400; i++)
        {
            paint.Color = new SKColor((uint)random.Next() | 0xFF000000);
            canvas.DrawOval(random.Next(640), random.Next(480), random.Next(4, 60), random.Next(4, 60), paint);
        }
        return Encode(bitmap);
    }

    /// <summary>Makes a variant of the image: the number decides where it has a red rectangle.</summary>
    public static byte[] Variant(ReadOnlySpan<byte> image, int number)
    {
        using SKBitmap bitmap = SKBitmap.Decode(image);
        using SKCanvas canvas = new(bitmap);
        using SKPaint paint = new() { Color = SKColors.Red };
        float side = bitmap.Width / 16f;
        canvas.DrawRect(number % 16 * side, 0, side, bitmap.Height / 8f, paint);
        return Encode(bitmap);
    }

    private static byte[] Encode(SKBitmap bitmap)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return data.ToArray();
    }
}
