using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

public class BadImageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Process_BadGolden_IsRefusedWithTheExpectedWord()
    {
        // The image is refused before it is decoded, so even a file that decodes to a huge image takes no time and no memory.
        ImagePreprocessor preprocessor = new(384, 384, decoder: new NoDecoder());
        foreach (JsonElement bad in GoldenImages.Bad)
        {
            string name = GoldenImages.Name(bad);
            BlipImage image = BlipImage.FromFile(TestPaths.Golden("images", "bad", name));
            long begin = Stopwatch.GetTimestamp();
            long allocated = GC.GetAllocatedBytesForCurrentThread();

            BlipException refused = Assert.Throws<BlipException>(() => preprocessor.Process(image, Token));

            Assert.Matches($"(?i){bad.GetProperty("says").GetString()}", refused.Message);
            Assert.DoesNotContain('\n', refused.Message);
            Assert.InRange(Stopwatch.GetElapsedTime(begin), TimeSpan.Zero, TimeSpan.FromSeconds(2));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 1 << 20);
        }
    }

    [Theory]
    [InlineData("l.tga", "TGA")]
    [InlineData("b.svg", "SVG")]
    [InlineData("d.svg", "SVG")]
    [InlineData("rgba64.bmp", "64 bits")]
    [InlineData("pal1huffmsb.bmp", "Huffman")]
    [InlineData("rgb24rle24.bmp", "RLE24")]
    public void Read_IntactFileOfAnotherKind_IsCalledByItsName(string file, string name) =>
        AssertCalled(name, File.ReadAllBytes(TestPaths.Golden("images", "names", file)));

    [Theory]
    [InlineData("\uFEFF%PDF-1.7\n", "PDF")]
    [InlineData("junk\n%PDF-1.7\n", "PDF")]
    [InlineData("II\u00BC\u0001\u0008\0\0\0", "JPEG XR")]
    [InlineData("\n\u0005\u0001\u0008\0\0\0\0", "PCX")]
    [InlineData("\0\0\0\u0014ftypjxl \0\0\0\0jxl ", "JPEG XL")]
    [InlineData("\0\0\0\u0014ftypjp2 \0\0\0\0jp2 ", "JPEG 2000")]
    [InlineData("II*\0\u0010\0\0\0CR\u0002\0", "CR2")]
    [InlineData("FUJIFILMCCD-RAW 0201", "RAF")]
    [InlineData("II*\0\u0008\0\0\0\u0001\0\u0012\u00C6\u0001\0\u0004\0\0\0\u0001\u0004\0\0", "DNG")]
    [InlineData(
        "MM\0*\0\0\0\u0008\0\u0002\0\u00FE\0\u0004\0\0\0\u0001\0\0\0\u0001\u0001\u004A\0\u0004\0\0\0\u0001\0\0\0\u0090", "NEF")]
    [InlineData("II*\0\u0008\0\0\0\u0001\0\u0015\u0001\u0003\0\u0001\0\0\0\u0006\0\0\0", "6 samples")]
    [InlineData("II+\0\u0008\0\0\0", "BigTIFF")]
    [InlineData("\0\0\u0001\0\u0001\0\u0010\u0010", "ICO")]
    [InlineData("\0\0\u0002\0\u0001\0\u0010\u0010", "CUR")]
    [InlineData("<?xml version='1.0' encoding='ISO-8859-1'?><!-- \u00FC --><svg/>", "SVG")]
    [InlineData("<!DOCTYPE html><html><body><svg/></body></html>", "HTML")]
    [InlineData("<!-- not <html> --><ns0:svg xmlns:ns0='http://www.w3.org/2000/svg'/>", "SVG")]
    [InlineData("<?xml version='1.0'?><!DOCTYPE svg [ <!ENTITY a '<b>'> ]>\n<svg/>", "SVG")]
    [InlineData("\n<html><svg/></html>", "HTML")]
    [InlineData("<note>an svg: &lt;svg</note>", "Text")]
    [InlineData("DATA:image/png;base64,iVBOR", "base64")]
    [InlineData("II\u00BC\0\u0008\0\0\0", "JPEG XR")]
    [InlineData("\n\0\u0001\u0001\0\0\0\0", "PCX")]
    [InlineData("\n\u0005\0\u0008\0\0\0\0", "PCX")]
    [InlineData("\u0001\0\0\0\u006C\0\0\0aaaabbbbccccddddeeeeffffgggghhhh EMF\0\0\u0001\0", "EMF")]
    [InlineData("(\0\0\0\u0002\0\0\0\u0002\0\0\0\u0001\0\u0018\0\0\0\0\0", "DIB")]
    [InlineData("\u003A\u00DE\u0068\u00B1\0\0", "DCX")]
    [InlineData("\u00FF\u00D8\u00FF\u00F7\0\u000B\u0008", "JPEG-LS")]
    [InlineData("\0\0\0\u000CjP  \r\n\u0087\n", "JPEG 2000")]
    [InlineData("\0\0\0\u0014ftypjph \0\0\0\0jph ", "JPEG 2000")]
    [InlineData("\u00FFO\u00FFQ\0/", "JPEG 2000")]
    [InlineData("\0MRM\0\0\0\0", "MRW")]
    [InlineData("FOVb\u0001\0\u0002\0", "X3F")]
    [InlineData("II\u001A\0\0\0HEAPCCDR", "CRW")]
    [InlineData("IIU\0\u0018\0\0\0", "RW2")]
    [InlineData("IIRO\u0008\0\0\0", "ORF")]
    [InlineData("\0\0\0\u0018ftypcrx \0\0\0\u0001crx isom", "CR3")]
    [InlineData("MM\0*\0\0\0\u0008\0\u0001\u0001\u0006\0\u0003\0\0\0\u0001\u0080\u0023\0\0\0\0\0\0", "raw photo")]
    [InlineData("\0\0\u0001\u00BA\u0044\0\u0004\0\u0004\u0001\u0001\u0089\u00C3\u00F8\0\0\u0018\0", "MPEG")]
    [InlineData("\0\u0001\u0001\0\0\0\u0001\u0018\0\0\0\0\u0002\0\u0002\0\u0008\0", "TGA")]
    [InlineData("\u0005\0\u000A\0\0\0\0\0\0\0\0\0\u0002\0\u0002\0\u0018\0hello", "TGA")]
    [InlineData("BA\u0028\0\0\0\0\0\0\0\0\0\0\0BM", "array of OS/2 bitmaps")]
    [InlineData("RIFF@\0\0\0ACONLIST", "ANI")]
    [InlineData("\u00ABKTX 11\u00BB\r\n\u001A\n", "KTX")]
    [InlineData("PF\n2 2\n-1.0\n\0\0\0\0", "PFM")]
    [InlineData("Pf\n2 2\n-1.0\n\0\0\0\0", "PFM")]
    [InlineData("#?RGBE\n", "Radiance")]
    [InlineData("#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {0};", "XBM")]
    [InlineData("#define size 8\n", "Text")]
    [InlineData("are free of it", "Text")]
    [InlineData("FLV\u0001\u0005", "FLV")]
    [InlineData("0&\u00B2u\u008Ef\u00CF\u0011\u00A6\u00D9", "ASF")]
    [InlineData("(\u00B5/\u00FD\0", "zstd")]
    [InlineData("\u00FD7zXZ\0\0", "xz")]
    [InlineData("\0\0\0\u0008wide\0\0\0dmdat", "QuickTime")]
    [InlineData("\0\0\u0001\0mdat\0\0\0\0", "QuickTime")]
    [InlineData("\0\0\ndmoov\0\0\0lmvhd\u0008\0\0\0", "QuickTime")]
    [InlineData("\0\0\0\u0008free\0\0\0dmdat", "QuickTime")]
    [InlineData("\0\0\0\u0014ftypvvic\0\0\0\0vvic", "HEIF")]
    [InlineData("\0\0\0\u0014ftypj2ki\0\0\0\0j2ki", "HEIF")]
    [InlineData("\0\0\0\u0014ftypevbf\0\0\0\0evbf", "HEIF")]
    [InlineData("\0\0\0\u0014ftypmiaf\0\0\0\0miaf", "HEIF")]
    [InlineData("\0\0\0\u0014ftypisom\0\0\0\0isom", "MP4")]
    public void Read_StartOfAnotherKind_IsCalledByItsName(string latin1, string name) =>
        AssertCalled(name, latin1[0] == '\uFEFF' ? Encoding.UTF8.GetBytes(latin1) : Encoding.Latin1.GetBytes(latin1));

    [Fact]
    public void Read_KindWhoseMarkIsFurtherOn_IsCalledByItsName()
    {
        AssertCalled("DICOM", [.. new byte[128], .. "DICM\u0002\0"u8, .. new byte[20]]);
        byte[] packet = [(byte)'G', .. new byte[187]];
        AssertCalled("MPEG", [.. packet, .. packet, .. packet]);
        AssertCalled("Text", Encoding.ASCII.GetBytes(new string('G', 1000)));
    }

    [Theory]
    [InlineData("\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "HEIC", "magick in.heic out.jpg")]
    [InlineData("\0\0\0\u0018ftypavif\0\0\0\0mif1avif", "AVIF", "magick in.avif out.jpg")]
    [InlineData("MM\0*\0\0\0\u0008\0\0", "TIFF", "magick in.tiff out.jpg")]
    [InlineData("\u00FF\n\0\0", "JPEG XL", "magick in.jxl out.jpg")]
    public void Read_FormatOfAnotherPackage_SaysHowToConvertItAndWhatToAdd(string latin1, string name, string command)
    {
        byte[] file = Encoding.Latin1.GetBytes(latin1);
        AssertCalled(name, file);
        AssertCalled(command, file);
        AssertCalled("Blip.Magick", file);
    }

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    [InlineData("utf-8", true)]
    [InlineData("iso-8859-1", false)]
    public void Read_SvgInAnyEncodingBehindALongProlog_IsCalledSvg(string encoding, bool hasMark)
    {
        Encoding bytes = Encoding.GetEncoding(encoding);
        string text = $"<?xml version='1.0' encoding='{encoding}'?>\n<!-- {new string('\u00FC', 100_000)} <html> -->\n<svg/>";
        AssertCalled("SVG", [.. hasMark ? bytes.GetPreamble() : [], .. bytes.GetBytes(text)]);
    }

    [Theory]
    [InlineData(3, 1, 40, "Huffman")]
    [InlineData(3, 1, 64, "Huffman")]
    [InlineData(4, 24, 24, "RLE24")]
    [InlineData(4, 24, 40, "RLE24")]
    [InlineData(4, 0, 124, "wraps a JPEG")]
    [InlineData(5, 0, 40, "wraps a PNG")]
    [InlineData(0, 64, 40, "64 bits")]
    [InlineData(3, 64, 124, "64 bits")]
    [InlineData(12, 8, 40, "CMYK")]
    public void Read_BmpOfAnotherCoding_IsCalledByItsName(int compression, short bits, int header, string name)
    {
        byte[] second = new byte[124];
        ImageBuilder.BmpHeader(2, 2, bits, compression).CopyTo(second, 0);
        second[0] = (byte)header;
        AssertCalled(name, ImageBuilder.Bmp(second[..header], [], new byte[100]));
    }

    [Theory]
    [InlineData(8, 3, "3 bits a sample")]
    [InlineData(8, 7, "7 bits a sample")]
    [InlineData(9, 5, "colour type 5")]
    [InlineData(12, 2, "corrupt: interlace method 2 does not exist")]
    public void Read_PngOfAHeaderThatDoesNotExist_SaysSo(int at, byte value, string says)
    {
        byte[] png = GoldenImages.Bytes("rgb.png");
        png[16 + at] = value;
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(png));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    private static void AssertCalled(string name, byte[] file)
    {
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(file));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Process_EveryTruncation_IsRefused()
    {
        ImagePreprocessor preprocessor = new(8, 8);
        foreach (string name in (string[])["exif-1.jpg", "size-3x900.png", "animated.webp", "topdown.bmp", "interlaced.png"])
        {
            byte[] whole = GoldenImages.Bytes(name);
            for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 150))
            {
                BlipImage cut = BlipImage.FromBytes(whole.AsMemory(0, length));
                BlipException refused = Assert.Throws<BlipException>(() => preprocessor.Process(cut, Token));
                Assert.True(refused.Code == BlipErrorCode.ImageCorrupt || length < 12, $"{name} {length}: {refused.Message}");
            }
        }
    }

    [Theory]
    [InlineData("rgb.png")]
    [InlineData("interlaced.png")]
    [InlineData("palette-4bit.png")]
    public void Process_PngWithMissingPixels_IsRefusedThoughItsChecksumsAreRight(string name)
    {
        byte[] whole = GoldenImages.Bytes(name);
        int at = whole.AsSpan().IndexOf("IDAT"u8);
        byte[] pixels = ImageBuilder.PngChunk("IDAT", whole[(at + 4)..(at + 1500)]);
        byte[] half = [.. whole[..(at - 4)], .. pixels, .. ImageBuilder.PngChunk("IEND", [])];
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(half), Token));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
    }

    [Fact]
    public void Process_GifCutAfterItsFirstFrame_IsRead()
    {
        byte[] whole = GoldenImages.Bytes("animated.gif");
        ImagePreprocessor preprocessor = new(8, 8);
        int end = 0;
        for (int length = 20; length < whole.Length && end == 0; length++)
            try
            {
                preprocessor.Process(BlipImage.FromBytes(whole.AsMemory(0, length)), Token).Dispose();
                end = length;
            }
            catch (BlipException refused)
            {
                Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
            }
        Assert.InRange(end, 100, whole.Length - 100);
        Assert.Equal(RgbCollector.Decode(whole), RgbCollector.Decode(whole[..end]));
    }

    [Theory]
    [InlineData("photo-q75-s2.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("steps.png")]
    [InlineData("opaque.gif")]
    [InlineData("topdown.bmp")]
    [InlineData("lossy.webp")]
    public void Process_TrailingBytes_AreIgnored(string name)
    {
        byte[] whole = GoldenImages.Bytes(name);
        byte[] more = [.. whole, .. Enumerable.Repeat((byte)0xFF, 5000), .. GoldenImages.Bytes("scene.jpg")];
        Assert.Equal(RgbCollector.Decode(whole), RgbCollector.Decode(more));
        new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(more), Token).Dispose();
    }

    [Theory]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("BMW is a maker of cars, not a bitmap", "Text")]
    [InlineData("data:image/png;base64,iVBOR", "base64")]
    [InlineData("<?xml version=\"1.0\"?><svg/>", "SVG")]
    [InlineData("II*\0rest", "TIFF")]
    [InlineData("\0\0\0\u0018ftypmif1\0\0\0\0mif1avif", "AVIF")]
    [InlineData("\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "HEIC")]
    [InlineData("\0\0\0\u000CJXL \r\n", "JPEG XL")]
    [InlineData("RIFF\0\0\0\0AVI LIST", "AVI")]
    [InlineData("\u0001\u0002\u0003\u0004", "not an image")]
    public void Read_OtherFormat_IsRefusedByName(string bytes, string name)
    {
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read([.. bytes.Select(c => (byte)c)]));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    private sealed class NoDecoder : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
            => throw new InvalidOperationException("The decoder was reached.");
    }
}
