using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

public class ResamplerTests
{
    [Fact]
    [Trait("Category", "Long")]
    public void Write_AnyInstructions_GiveTheSame()
    {
        Random random = new(20);
        for (int round = 0; round < TestScale.Of(800); round++)
        {
            int limit = round % 8 == 0 ? 500 : 60;
            (int width, int height) = (random.Next(1, limit), random.Next(1, limit));
            (int targetWidth, int targetHeight) = (random.Next(1, 90), random.Next(1, 90));
            byte[] rgba = new byte[width * height * 4];
            random.NextBytes(rgba);
            if (round % 3 == 0)
                for (int i = 0; i < rgba.Length; i++)
                    rgba[i] = (byte)(rgba[i] < 128 ? 0 : 255);

            foreach (ResizeMode mode in Enum.GetValues<ResizeMode>())
            {
                bool verticalFirst = Resampler.VerticalFirst(width, height, targetWidth, targetHeight, mode);
                byte[] scalar = Resize(rgba, width, height, targetWidth, targetHeight, mode, ResampleInstructions.Scalar, height);
                Assert.Equal(Plain(rgba, width, height, targetWidth, targetHeight, verticalFirst), scalar);
                Assert.Equal(scalar, Resize(rgba, width, height, targetWidth, targetHeight, mode, ResampleInstructions.Portable, 1));
                Assert.Equal(scalar, Resize(rgba, width, height, targetWidth, targetHeight, mode, ResampleInstructions.All, 7));
            }
        }
    }

    [Fact]
    public void Write_SameSize_Copies()
    {
        byte[] rgba = [.. Enumerable.Range(0, 5 * 3 * 4).Select(i => (byte)i)];
        Assert.Equal(rgba.Where((_, i) => i % 4 != 3), Resize(rgba, 5, 3, 5, 3, ResizeMode.Pillow, ResampleInstructions.All, 3));
    }

    [Theory]
    [InlineData(400, 416, false)]
    [InlineData(400, 417, true)]
    [InlineData(192, 384, false)]
    [InlineData(100, 385, true)]
    [InlineData(3024, 4032, false)]
    [InlineData(384, 385, true)]
    public void VerticalFirst_Pillow_WhereTheHeightShrinksMoreThanTwiceAsMuch(int width, int height, bool expected)
    {
        Assert.Equal(expected, Resampler.VerticalFirst(width, height, 384, 384, ResizeMode.Pillow));
        Assert.False(Resampler.VerticalFirst(width, height, 384, 384, ResizeMode.Classic));
    }

    [Fact]
    public void Write_TooManyRows_Throws()
    {
        using Resampler resampler = new(2, 2, 4, 4, new byte[48], ResizeMode.Pillow);
        resampler.Write(new byte[16]);
        Assert.True(resampler.IsComplete);
        Assert.Throws<ArgumentException>(() => resampler.Write(new byte[8]));
        Assert.Throws<ArgumentException>(() => resampler.Write(new byte[3]));
    }

    private static byte[] Resize(
        byte[] rgba, int width, int height, int targetWidth, int targetHeight, ResizeMode mode, ResampleInstructions allowed, int strip)
    {
        byte[] target = new byte[targetWidth * targetHeight * 3];
        using Resampler resampler = new(width, height, targetWidth, targetHeight, target, mode, allowed);
        for (int y = 0; y < height; y += strip)
            resampler.Write(rgba.AsSpan(y * width * 4, Math.Min(strip, height - y) * width * 4));
        Assert.True(resampler.IsComplete);
        return target;
    }

    // Both passes over the whole image, in the simplest code.
    private static byte[] Plain(byte[] rgba, int width, int height, int targetWidth, int targetHeight, bool verticalFirst)
    {
        byte[] turned = verticalFirst
            ? Columns(Rows(rgba, width, height, targetHeight), width, targetHeight, targetWidth)
            : Rows(Columns(rgba, width, height, targetWidth), targetWidth, height, targetHeight);
        return [.. turned.Where((_, i) => i % 4 != 3)];
    }

    private static byte[] Columns(byte[] rgba, int width, int height, int to)
        => Pass(rgba, width, to, height,
            (line, i, channel) => (((line * width) + i) * 4) + channel,
            (line, i, channel) => (((line * to) + i) * 4) + channel);

    private static byte[] Rows(byte[] rgba, int width, int height, int to)
        => Pass(rgba, height, to, width,
            (line, i, channel) => (((i * width) + line) * 4) + channel,
            (line, i, channel) => (((i * width) + line) * 4) + channel);

    private static byte[] Pass(
        byte[] source, int from, int to, int lines, Func<int, int, int, int> sourceIndex, Func<int, int, int, int> targetIndex)
    {
        if (from == to)
            return source;
        ResampleKernel kernel = new(from, to);
        byte[] target = new byte[lines * to * 4];
        for (int line = 0; line < lines; line++)
            for (int i = 0; i < to; i++)
                for (int channel = 0; channel < 4; channel++)
                {
                    int sum = 1 << 21;
                    for (int k = 0; k < kernel.Weights(i).Length; k++)
                        sum += source[sourceIndex(line, kernel.Start(i) + k, channel)] * kernel.Weights(i)[k];
                    target[targetIndex(line, i, channel)] = (byte)Math.Clamp(sum >> 22, 0, 255);
                }
        return target;
    }
}
