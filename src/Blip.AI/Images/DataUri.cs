using System.Buffers;

namespace Blip.AI.Images;

/// <summary>Reads <c>data:[type][;parameters][;base64],data</c> (RFC 2397). The media type is not trusted, so it is not read.</summary>
internal static class DataUri
{
    private const string Form = "A data URI is written data:image/png;base64, and then the image in base64.";

    public static byte[] Decode(string text, int maxBytes)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || comma == text.Length - 1)
            throw Invalid($"The data URI holds no data. {Form}");

        ReadOnlySpan<char> data = text.AsSpan(comma + 1);
        return text.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase)
            ? DecodeBase64(data, maxBytes)
            : DecodePercent(data, maxBytes);
    }

    private static byte[] DecodeBase64(ReadOnlySpan<char> data, int maxBytes)
    {
        // A percent escape writes one character as three. The length is checked before anything is decoded.
        long longest = (maxBytes + 2L) / 3 * 4;
        bool escaped = data.Contains('%');
        if (data.Length > (escaped ? 3 * longest : longest))
            throw ImageSource.TooLarge(maxBytes);
        if (escaped)
            data = Uri.UnescapeDataString(data);

        byte[] bytes = ArrayPool<byte>.Shared.Rent((data.Length / 4 * 3) + 3);
        try
        {
            if (!Convert.TryFromBase64Chars(data, bytes, out int count) || count == 0)
                throw Invalid($"The base64 of the data URI is broken or incomplete. {Form}");
            return count <= maxBytes ? bytes[..count] : throw ImageSource.TooLarge(maxBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static byte[] DecodePercent(ReadOnlySpan<char> data, int maxBytes)
    {
        if (data.Length > 3L * maxBytes)
            throw ImageSource.TooLarge(maxBytes);

        byte[] bytes = ArrayPool<byte>.Shared.Rent(data.Length);
        try
        {
            int count = 0;
            for (int i = 0; i < data.Length; i++, count++)
            {
                if (data[i] != '%')
                {
                    bytes[count] = char.IsAscii(data[i])
                        ? (byte)data[i]
                        : throw Invalid($"The data URI has a character that is not ASCII. {Form}");
                    continue;
                }

                if (data.Length - i < 3
                    || Convert.FromHexString(data.Slice(i + 1, 2), bytes.AsSpan(count, 1), out _, out _) != OperationStatus.Done)
                    throw Invalid($"The data URI has a broken percent sign. {Form}");
                i += 2;
            }
            return count <= maxBytes ? bytes[..count] : throw ImageSource.TooLarge(maxBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
