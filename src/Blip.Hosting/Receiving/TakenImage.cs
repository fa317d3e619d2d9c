using System.Buffers;
using System.Globalization;
using System.Text;
using Blip.AI.Images;

namespace Blip.Hosting.Receiving;

/// <summary>
/// An image in the text of a body. It is decoded where it lies, and only when it is asked for. Thread-safe.
/// </summary>
/// <param name="text">The JSON string without its quotes: a data URI, or plain base64.</param>
internal sealed class TakenImage(Memory<byte> text)
{
    private readonly Lock _gate = new();
    private ReadOnlyMemory<byte>? _decoded;

    /// <summary>Whether a JSON string is a data URI. Not all of it need have come.</summary>
    public static bool IsDataUri(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t\r\n"u8);
        return text.Length >= 5 && Ascii.EqualsIgnoreCase(text[..5], "data:"u8);
    }

    /// <exception cref="BlipException">The text is not what a data URI or base64 is.</exception>
    public ReadOnlyMemory<byte> Decoded()
    {
        lock (_gate)
            return _decoded ??= Decode();
    }

    private Memory<byte> Decode()
    {
        using MemoryHandle pin = text.Pin();
        Memory<byte> plain = text[..Unescape(text.Span)];
        if (!IsDataUri(plain.Span))
            return plain[..DataUri.DecodeBase64InPlace(plain.Span)];
        (int start, int count) = DataUri.DecodeInPlace(plain.Span);
        return plain.Slice(start, count);
    }

    /// <summary>Replaces the escapes of JSON where they are, and gives the length without them.</summary>
    private static int Unescape(Span<byte> json)
    {
        if (json.ContainsAnyInRange((byte)0, (byte)0x1F))
            throw Invalid();
        int count = json.IndexOf((byte)'\\');
        if (count < 0)
            return json.Length;
        for (int i = count; i < json.Length; i++)
        {
            if (json[i] != (byte)'\\')
            {
                json[count++] = json[i];
                continue;
            }
            bool isCode = json[++i] == (byte)'u';
            json[count++] = isCode ? Code(json[(i + 1)..]) : json[i] switch
            {
                (byte)'/' or (byte)'\\' or (byte)'"' => json[i],
                (byte)'n' or (byte)'r' or (byte)'t' => (byte)' ',
                _ => throw Invalid(),
            };
            i += isCode ? 4 : 0;
        }
        return count;
    }

    private static byte Code(ReadOnlySpan<byte> digits) =>
        digits.Length >= 4
        && ushort.TryParse(digits[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)
        && code < 0x80
            ? (byte)code
            : throw Invalid();

    private static BlipException Invalid() => new(
        BlipErrorCode.InvalidRequest, "An image in the JSON has a character that a data URI or base64 cannot have. Encode it again.");
}
