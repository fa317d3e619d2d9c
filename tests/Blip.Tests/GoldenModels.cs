using System.Runtime.InteropServices;
using System.Text.Json;

namespace Blip.Tests;

/// <summary>The reference checkpoints and the results of the transformers library for them.</summary>
internal static class GoldenModels
{
    /// <summary>Checkpoints that have their own expected values.</summary>
    public static readonly string[] Own = ["base", "fp16", "bf16", "untied", "deep-text", "deep-vision", "many-heads", "patch14"];

    /// <summary>The weights of <c>base</c> in other published forms.</summary>
    public static readonly string[] Forms =
        ["form-bin", "form-bin-legacy", "form-bin-sharded", "form-old-config", "form-old-names", "form-sharded"];

    /// <summary>
    /// The weights of <c>base</c> with a head of their own in the file, by what config.json says of <c>tie_word_embeddings</c>; and with
    /// a head in place of the decoder's word embeddings.
    /// </summary>
    public static readonly string[] StoredHeads = ["stored-head-true", "stored-head-absent", "stored-head-false", "stored-head-only"];

    public static string Folder(string name) => TestPaths.Golden("models", name);

    public static string ImagePath(int image) => TestPaths.Golden("models", "pictures", FormattableString.Invariant($"{image}.png"));

    public static IReadOnlyList<GoldenCase> Cases(string name)
    {
        string source = name.StartsWith("form-", StringComparison.Ordinal) ? "base" : name;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(source), "cases.json")));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select((c, i) => new GoldenCase(i, c.Clone()))];
    }

    /// <summary>
    /// Reads an fp32 safetensors file that Python wrote. The tests have a reader of their own, so that the library's reader is not
    /// compared with itself.
    /// </summary>
    public static Dictionary<string, float[]> Expected(string name, string file = "expected.safetensors")
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Folder(name), file));
        int header = BitConverter.ToInt32(bytes);
        using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(8, header));
        Dictionary<string, float[]> tensors = [];
        foreach (JsonProperty tensor in document.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            int begin = offsets[0].GetInt32(), end = offsets[1].GetInt32();
            tensors.Add(tensor.Name, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + header + begin, end - begin)).ToArray());
        }
        return tensors;
    }

    internal sealed record GoldenCase(int Index, JsonElement Json)
    {
        public int Image => Json.GetProperty("picture").GetInt32();

        public string Question => Json.GetProperty("question").GetString()!;

        public int[] QuestionIds => Ints(Json.GetProperty("question_ids"));

        public int[] TokenIds => Ints(Json.GetProperty("token_ids"));

        public string Text => Json.GetProperty("answer").GetString()!;

        public float[] TokenLogProbabilities => [.. Json.GetProperty("token_logprobs").EnumerateArray().Select(v => v.GetSingle())];

        public int[]? Limit(string name) =>
            Json.TryGetProperty("limits", out JsonElement limits) && limits.TryGetProperty(name, out JsonElement ids) ? Ints(ids) : null;

        private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];
    }
}
