using System.Text;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Names undamaged files of other kinds in place of weights, by their names in a folder or by their first bytes.
/// </summary>
internal static class ForeignWeights
{
    private const string Unpack = "Unpack it, and give the folder with its files.";
    private const string Save = "Load it in the program that made it, and save it with save_pretrained, which writes model.safetensors.";

    private static readonly (string Ending, string Kind, string Remedy)[] Names =
    [
        (".safetensors", "which is not a name that Blip reads", "If it holds the whole model, name it model.safetensors."),
        (".pth", "a PyTorch file of a training program", Save),
        (".pt", "a PyTorch file of a training program", Save),
        (".ckpt", "a PyTorch file of a training program", Save),
        (".h5", "weights for TensorFlow", Save),
        (".msgpack", "weights for Flax", Save),
        (".onnx", "a graph, which Blip does not read", "Give the checkpoint from which it was exported."),
        (".gguf", "weights for llama.cpp", "Give the checkpoint from which it was converted."),
        (".bin", "which is not a name that Blip reads", "If it holds the whole model, name it pytorch_model.bin."),
        (".zip", "an archive", Unpack),
        (".tar", "an archive", Unpack),
        (".gz", "an archive", Unpack),
    ];

    private static readonly (byte[] Start, string Kind, string Remedy)[] Starts =
    [
        ([0x1f, 0x8b], "an archive (gzip)", Unpack),
        ([.. "7z"u8, 0xbc, 0xaf], "an archive (7z)", Unpack),
        ([.. "Rar!"u8], "an archive (RAR)", Unpack),
        ([.. "BZh"u8], "an archive (bzip2)", Unpack),
        ([0xfd, .. "7zXZ"u8], "an archive (xz)", Unpack),
        ([0x28, 0xb5, 0x2f, 0xfd], "an archive (Zstandard)", Unpack),
        ([0x89, .. "HDF\r\n"u8], "weights for TensorFlow (HDF5)", Save),
        ([.. "GGUF"u8], "weights for llama.cpp", "Give the checkpoint from which it was converted."),
        ([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46], "a PyTorch file", "Name it pytorch_model.bin."),
        ([.. "%PDF"u8], "a PDF document", "Give the file of weights."),
    ];

    /// <summary>
    /// One or two sentences on the weights of another kind in a folder, or <see langword="null"/> where it has none, or some that are read.
    /// </summary>
    public static string? Describe(string directory)
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Take(1000)];
        if (names.Contains(AdapterConfig.FileName))
            return $"It holds an adapter ({AdapterConfig.FileName}), a part of a model. Open its base model with it (AdapterDirectory).";
        if (names.Any(name => name is WeightFiles.Safetensors or WeightFiles.Torch || ShardIndex.IsIndex(name)))
            return null;
        foreach ((string ending, string kind, string remedy) in Names)
        {
            string? name = names.Order(StringComparer.Ordinal)
                .FirstOrDefault(name => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
            if (name is not null)
                return $"It holds {PlainFileName.Shown(name)}, {kind}. {remedy}";
        }
        return null;
    }

    /// <summary>The error for a file that is intact and of another kind, or <see langword="null"/> where the kind is not known.</summary>
    public static BlipModelException? Find(MappedFile file)
    {
        ReadOnlySpan<byte> start = file.Span(0, (int)Math.Min(file.Length, 512));
        if (start.StartsWith("PK\x03\x04"u8))
        {
            return start.IndexOf("data.pkl"u8) > 0
                ? Foreign(file, "a PyTorch file", "Name it pytorch_model.bin.") : Foreign(file, "an archive (zip)", Unpack);
        }
        foreach ((byte[] magic, string kind, string remedy) in Starts)
        {
            if (start.StartsWith(magic))
                return Foreign(file, kind, remedy);
        }
        if (start.Length > 262 && start[257..].StartsWith("ustar"u8))
            return Foreign(file, "an archive (tar)", Unpack);
        if (start.Length > 9 && start[8] == (byte)'{' && start[4..8].SequenceEqual("\0\0\0\0"u8))
            return Foreign(file, "a safetensors file", "Name it model.safetensors.");
        return FindText(file, start);
    }

    private static BlipModelException? FindText(MappedFile file, ReadOnlySpan<byte> start)
    {
        string text = Encoding.UTF8.GetString(start).TrimStart('\uFEFF').TrimStart();
        foreach (string page in (string[])["<!doctype html", "<html", "<?xml", "<head", "<!--"])
        {
            if (text.StartsWith(page, StringComparison.OrdinalIgnoreCase))
            {
                return Foreign(file, "a web page", "It is a sign-in page or an error page. Give the file of weights.");
            }
        }
        bool isText = text.Length > 7 && text.All(character => !char.IsControl(character) || char.IsWhiteSpace(character))
            && !text.Contains('\uFFFD', StringComparison.Ordinal);
        return isText ? Foreign(file, "text", "Give the file of weights.") : null;
    }

    private static BlipModelException Foreign(MappedFile file, string kind, string remedy) =>
        new($"{file.Name} is {kind}, not weights in the format that its name says. {remedy}");
}
