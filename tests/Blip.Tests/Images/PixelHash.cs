using System.IO.Hashing;
using Blip.Images;

namespace Blip.Tests.Images;

/// <summary>The digest of all decoded pixels.</summary>
internal sealed class PixelHash : IPixelRows
{
    private readonly XxHash128 _hash = new();

    /// <summary>The digest; <see langword="null"/> if the file is refused as corrupt or unsupported.</summary>
    public static UInt128? Of(byte[] file, string decoder = Decoders.Skia)
    {
        try
        {
            ImageHeader header = ImageHeader.Read(file);
            header.CheckComplete(file);
            return Of(file, header, decoder);
        }
        catch (BlipException refused) when (refused.Code is BlipErrorCode.ImageCorrupt or BlipErrorCode.UnsupportedImage)
        {
            return null;
        }
    }

    /// <summary>The digest of an image with the given header.</summary>
    public static UInt128 Of(byte[] file, ImageHeader header, string decoder = Decoders.Skia)
    {
        PixelHash rows = new();
        ImagePreprocessor preprocessor = new(1, 1, decoder: Decoders.Of(decoder));
        preprocessor.Decode(BlipImage.FromBytes(file), header, rows, CancellationToken.None);
        return rows._hash.GetCurrentHashAsUInt128();
    }

    public void Write(ReadOnlySpan<byte> rgba) => _hash.Append(rgba);
}
