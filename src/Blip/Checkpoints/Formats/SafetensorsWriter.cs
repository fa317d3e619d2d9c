using System.Buffers.Binary;
using System.Text.Json;

namespace Blip.Checkpoints;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as safetensors calls it: <c>F32</c>, <c>U8</c>, <c>I8</c>.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Bytes">The size of all its elements.</param>
/// <param name="Write">Writes them in row-major order.</param>
internal sealed record SafetensorsEntry(string Name, string Type, IReadOnlyList<long> Shape, long Bytes, Action<Stream> Write);

/// <summary>Writes safetensors files.</summary>
internal static class SafetensorsWriter
{
    /// <summary>What the data's begin is a multiple of; so are tensors, where the sizes of those before them are.</summary>
    public const int Alignment = 64;

    public static void Write(Stream file, IReadOnlyList<SafetensorsEntry> tensors)
    {
        file.Write(Header(tensors));
        foreach (SafetensorsEntry tensor in tensors)
            tensor.Write(file);
    }

    /// <summary>All that comes before the tensors' bytes.</summary>
    public static byte[] Header(IReadOnlyList<SafetensorsEntry> tensors)
    {
        using MemoryStream header = new();
        header.Write(new byte[sizeof(long)]);
        using (Utf8JsonWriter writer = new(header))
        {
            writer.WriteStartObject();
            long offset = 0;
            foreach (SafetensorsEntry tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.Type);
                WriteNumbers(writer, "shape", tensor.Shape);
                WriteNumbers(writer, "data_offsets", [offset, offset += tensor.Bytes]);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        while (header.Length % Alignment != 0)
            header.WriteByte((byte)' ');
        byte[] bytes = header.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - sizeof(long));
        return bytes;
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyList<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
