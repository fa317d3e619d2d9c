using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>GIF files of rare kinds, read as Pillow reads them.</summary>
public class GifFileTests
{
    private static readonly byte[] White = [255, 255, 255];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    public void Decode_EveryCodeSize_HasTheColours(int codeSize)
    {
        Random random = new(codeSize);
        // Long runs make codes for the newest entry, noise fills the table of codes more than once.
        int[] indices =
        [
            .. Enumerable.Repeat(1, 3000), .. Enumerable.Range(0, 3000).Select(i => i / 7 % (1 << codeSize)),
            .. Enumerable.Range(0, 6000).Select(_ => random.Next(1 << codeSize)),
        ];
        GifBuilder gif = new(120, 100) { CodeSize = codeSize, Palette = GifBuilder.Colours(Math.Min(256, 1 << codeSize)) };
        Assert.Equal(Rgb(gif.Palette, indices), RgbCollector.Decode(gif.Of(indices)));
    }

    [Fact]
    public void Decode_InterlacedFrameOfEveryHeight_HasItsRowsInOrder()
    {
        for (int height = 1; height <= 20; height++)
        {
            int[] indices = [.. Enumerable.Range(0, height * 3)];
            GifBuilder gif = new(3, height) { Palette = GifBuilder.Colours(64), CodeSize = 6, IsInterlaced = true };
            Assert.Equal(Rgb(gif.Palette, indices), RgbCollector.Decode(gif.Of(indices)));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 2)]
    [InlineData(3, 3)]
    [InlineData(7, 5)]
    public void Decode_FrameAnywhere_IsOnACanvasThatHoldsIt(int left, int top)
    {
        byte[] colours = GifBuilder.Colours(4);
        GifBuilder gif = new(4, 4) { Frame = (left, top, 2, 1), Palette = colours, CodeSize = 2 };
        ImageHeader header = ImageHeader.Read(gif.Of([1, 2]));
        Assert.Equal((Math.Max(4, left + 2), Math.Max(4, top + 1)), (header.Width, header.Height));
        int[] canvas = [.. Enumerable.Repeat(0, header.Width * header.Height)];
        (canvas[(top * header.Width) + left], canvas[(top * header.Width) + left + 1]) = (1, 2);
        Assert.Equal(Rgb(colours, canvas), RgbCollector.Decode(gif.Of([1, 2])));
        Assert.Equal(Rgb([.. White, .. colours[3..]], canvas), RgbCollector.Decode(gif.Of([1, 2]), AlphaMode.White));

        // Where a colour is transparent, it is around the frame, too.
        GifBuilder clear = gif with { Transparent = 2 };
        int[] filled = [.. canvas.Select(index => index == 0 ? 2 : index)];
        Assert.Equal(Rgb(colours, filled), RgbCollector.Decode(clear.Of([1, 2])));
        Assert.Equal(
            Rgb([.. colours[..6], .. White, .. colours[9..]], filled), RgbCollector.Decode(clear.Of([1, 2]), AlphaMode.White));
    }

    [Fact]
    public void Decode_OwnPalette_IsUsed()
    {
        byte[] own = [1, 2, 3, 9, 8, 7];
        GifBuilder gif = new(2, 1) { Palette = GifBuilder.Colours(4), OwnPalette = own, CodeSize = 2 };
        Assert.Equal(own, RgbCollector.Decode(gif.Of([0, 1])));
    }

    [Fact]
    public void Decode_IndexWithoutColour_IsBlack()
    {
        GifBuilder gif = new(2, 1) { Palette = GifBuilder.Colours(2), CodeSize = 2 };
        Assert.Equal((byte[])[37, 106, 254, 0, 0, 0], RgbCollector.Decode(gif.Of([1, 3])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decode_NoPaletteOrGreyLevels_IsGrey(bool hasPalette)
    {
        GifBuilder gif = new(2, 1) { Palette = hasPalette ? [0, 0, 0, 1, 1, 1] : [] };
        Assert.Equal((byte[])[1, 1, 1, 200, 200, 200], RgbCollector.Decode(gif.Of([1, 200])));
    }

    public static TheoryData<string, byte[], byte[]> Surroundings => new()
    {
        { "unknown extension", [0x21, 0x42, 3, 1, 2, 3, 2, 0, 0, 0], [0x3B] },
        { "empty extension", [0x21, 0xFF, 0], [0x3B] },
        { "bytes between the blocks", [0, 0, 0x55], [0x3B] },
        { "no trailer", [], [] },
        { "more bytes", [], [0x3B, 1, 2, 3] },
        { "a second control without transparency", [0x21, 0xF9, 4, 0, 0, 0, 0, 0], [0x3B] },
        { "a damaged second frame", [], [0x2C, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(Surroundings))]
    public void Decode_WhatStandsAround_IsSkipped(string what, byte[] before, byte[] after)
    {
        GifBuilder gif = new(2, 1) { Palette = GifBuilder.Colours(4), CodeSize = 2, Transparent = 1, Before = before, After = after };
        Assert.Equal(Rgb(gif.Palette, [1, 3]), RgbCollector.Decode(gif.Of([1, 3])));
        Assert.True(RgbCollector.Decode(gif.Of([1, 3]), AlphaMode.White).AsSpan(0, 3).SequenceEqual(White), what);
    }

    [Theory]
    [InlineData(1, "length that no GIF has")]
    [InlineData(12, "length that no GIF has")]
    public void Process_CodeSizeThatDoesNotExist_IsRefused(int codeSize, string says)
    {
        byte[] file = new GifBuilder(2, 1) { Palette = GifBuilder.Colours(4), CodeSize = 2 }.Of([1, 3]);
        file[13 + 12 + 10] = (byte)codeSize;
        Refused(file, says);
    }

    [Fact]
    public void Process_TooFewPixels_IsRefused()
    {
        GifBuilder gif = new(4, 4) { Palette = GifBuilder.Colours(4), CodeSize = 2 };
        Refused(gif.Of([.. Enumerable.Repeat(1, 15)]), "the end of its pixels is missing");
        Assert.Equal(Rgb(gif.Palette, [.. Enumerable.Repeat(1, 16)]), RgbCollector.Decode(gif.Of([.. Enumerable.Repeat(1, 17)])));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(4, 0)]
    public void Process_FrameWithoutPixels_IsRefused(int width, int height)
        => Refused(new GifBuilder(4, 4) { Frame = (0, 0, width, height), Palette = GifBuilder.Colours(4) }.Of([1]), "no pixels");

    [Fact]
    public void Process_NoFrame_IsRefused() => Refused([.. "GIF89a"u8, 1, 0, 1, 0, 0, 0, 0, 0x3B], "no frame");

    private static byte[] Rgb(byte[] palette, int[] indices)
        => [.. indices.SelectMany(index => palette.AsSpan(3 * (index & 255), 3).ToArray())];

    private static void Refused(byte[] file, string says)
    {
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }
}
