using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Blip.AI.Images;

/// <summary>Reads <c>data:[type][;parameters][;base64],data</c> (RFC 2397). The media type is not trusted, so it is not read.</summary>
internal static class DataUri
{
    /// <summary>
    /// Begins the name that a service puts into a text in place of an image that it took out of it. Only the request's own images are
    /// found by it, so a caller who writes it gains nothing.
    /// </summary>
    public const string TakenPrefix = "data:blip/body,";

    private const string Form = "Write data:image/png;base64, and then the image in base64.";

    public static byte[] Decode(string text, int maxBytes)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || comma == text.Length - 1)
            throw Invalid($"The data URI has no data. {Form}");

        // A percent escape writes one character as three. The length is checked before anything is decoded.
        ReadOnlySpan<char> data = text.AsSpan(comma + 1);
        bool isBase64 = text.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase);
        long longest = isBase64 ? (maxBytes + 2L) / 3 * 4 : maxBytes;
        if (data.Length > (data.Contains('%') ? 3 * longest : longest))
            throw ImageSource.TooLarge(maxBytes);

        byte[] bytes = ArrayPool<byte>.Shared.Rent(data.Length);
        try
        {
            if (Ascii.FromUtf16(data, bytes, out int length) != OperationStatus.Done)
                throw NotAscii();
            int count = DecodeData(bytes.AsSpan(0, length), isBase64);
            return count <= maxBytes ? bytes[..count] : throw ImageSource.TooLarge(maxBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Decodes a data URI in UTF-8 where it is.</summary>
    /// <param name="uri">The data URI. Afterwards it holds the data, behind what was its comma.</param>
    /// <returns>Where the data begin, and how many bytes they have.</returns>
    public static (int Start, int Count) DecodeInPlace(Span<byte> uri)
    {
        int start = uri.IndexOf((byte)',') + 1;
        if (start == 0 || start == uri.Length)
            throw Invalid($"The data URI has no data. {Form}");
        ReadOnlySpan<byte> ending = ";base64"u8;
        ReadOnlySpan<byte> head = uri[..(start - 1)];
        bool isBase64 = head.Length >= ending.Length && Ascii.EqualsIgnoreCase(head[^ending.Length..], ending);
        if (!Ascii.IsValid(uri[start..]))
            throw NotAscii();
        return (start, DecodeData(uri[start..], isBase64));
    }

    /// <summary>Decodes base64 in UTF-8 where it is. White space in it does not count.</summary>
    /// <returns>The number of bytes, which lie at the beginning.</returns>
    public static int DecodeBase64InPlace(Span<byte> base64) =>
        Base64.DecodeFromUtf8InPlace(base64, out int count) == OperationStatus.Done && count > 0
            ? count
            : throw Invalid($"The base64 of the image is broken or incomplete. {Form}");

    private static int DecodeData(Span<byte> data, bool isBase64)
    {
        int length = data.Contains((byte)'%') ? UnescapeInPlace(data) : data.Length;
        return isBase64 ? DecodeBase64InPlace(data[..length]) : length;
    }

    private static int UnescapeInPlace(Span<byte> data)
    {
        int count = 0;
        for (int i = 0; i < data.Length; i++, count++)
        {
            if (data[i] != (byte)'%')
            {
                data[count] = data[i];
                continue;
            }
            if (data.Length - i < 3 || Convert.FromHexString(data.Slice(i + 1, 2), data[count..], out _, out _) != OperationStatus.Done)
                throw Invalid($"The data URI has a broken percent sign. {Form}");
            i += 2;
        }
        return count;
    }

    private static BlipException NotAscii() => Invalid($"The data URI has a character that is not ASCII. {Form}");

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
