using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Blip.Tests;

namespace Blip.FullSize;

/// <summary>
/// The weights of the full-size reference model. They are computed, not stored: a value is a hash of the tensor's name and the element's
/// index, scaled to the range of its tensor. See tests/golden/full-size/README.md.
/// </summary>
internal static class FullSizeRecipe
{
    private const int Block = 1 << 16, OutlierColumn = 3, OutlierWidth = 768;
    private const string HeadBias = "text_decoder.cls.predictions.bias";

    /// <summary>A tensor: values in [mean - spread, mean + spread), and the SHA-256 of its bytes.</summary>
    public sealed record Entry(string Name, long[] Shape, float Spread, float Mean, string Sha256)
    {
        public int Count => (int)Shape.Aggregate(1L, (product, dimension) => product * dimension);
    }

    public static IReadOnlyList<Entry> Entries()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("full-size", "tensors.json")));
        return [.. document.RootElement.GetProperty("tensors").EnumerateArray().Select(t => new Entry(
            t.GetProperty("name").GetString()!, [.. t.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())],
            t.GetProperty("s").GetSingle(), t.GetProperty("m").GetSingle(), t.GetProperty("sha256").GetString()!))];
    }

    public static float[] Values(Entry entry)
    {
        float[] values = new float[entry.Count];
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(entry.Name))
            hash = (hash ^ b) * 1099511628211;
        float width = 2 * entry.Spread;
        Parallel.For(0, (values.Length + Block - 1) / Block, block =>
        {
            int end = Math.Min(values.Length, (block + 1) * Block);
            for (int i = block * Block; i < end; i++)
            {
                ulong z = hash + (((ulong)i + 1) * 0x9E3779B97F4A7C15);
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                z ^= z >> 31;
                float unit = (z >> 40) * (1f / (1 << 24));
                values[i] = ((unit - 0.5f) * width) + entry.Mean;
            }
        });
        // Trained transformers have channels with large values. This is such a channel.
        if (entry.Shape is [_, OutlierWidth])
        {
            for (int i = OutlierColumn; i < values.Length; i += OutlierWidth)
                values[i] *= 6;
        }
        if (entry.Name == HeadBias)
            (values[102], values[0], values[30522], values[30523]) = (3.22f, -20, -20, -20);
        return values;
    }

    public static void Write(string folder, Action<Entry, float[]> written)
    {
        IReadOnlyList<Entry> entries = Entries();
        StringBuilder header = new("{");
        long offset = 0;
        foreach (Entry entry in entries)
        {
            header.Append(header.Length > 1 ? "," : "").Append('"').Append(entry.Name)
                .Append("\":{\"dtype\":\"F32\",\"shape\":[").AppendJoin(',', entry.Shape)
                .Append("],\"data_offsets\":[").Append(offset).Append(',').Append(offset += 4L * entry.Count).Append("]}");
        }
        header.Append('}').Append(' ', (8 - ((header.Length + 1) % 8)) % 8);

        using FileStream file = File.Create(Path.Combine(folder, "model.safetensors"));
        file.Write(BitConverter.GetBytes((long)header.Length));
        file.Write(Encoding.ASCII.GetBytes(header.ToString()));
        foreach (Entry entry in entries)
        {
            float[] values = Values(entry);
            file.Write(MemoryMarshal.AsBytes<float>(values));
            written(entry, values);
        }
    }
}
