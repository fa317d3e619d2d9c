using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Blip.Checkpoints;

/// <summary>
/// What a checkpoint's digest is made of. Kept weights and answers name a model by its digest, so the digest of the same files
/// must stay the same: in every culture and in every later version.
/// </summary>
internal static class CheckpointDigest
{
    /// <summary>The sizes and the preprocessing as text.</summary>
    public static string Settings(BlipConfig config, PreprocessorConfig preprocessor)
    {
        (BlipTextConfig text, BlipVisionConfig vision) = (config.Text, config.Vision);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"BlipConfig {{ Text = BlipTextConfig {{ VocabSize = {text.VocabSize}, HiddenSize = {text.HiddenSize}, " +
            $"IntermediateSize = {text.IntermediateSize}, NumHiddenLayers = {text.NumHiddenLayers}, " +
            $"NumAttentionHeads = {text.NumAttentionHeads}, MaxPositionEmbeddings = {text.MaxPositionEmbeddings}, " +
            $"LayerNormEps = {text.LayerNormEps}, BosTokenId = {text.BosTokenId}, SepTokenId = {text.SepTokenId}, " +
            $"PadTokenId = {text.PadTokenId} }}, {Of(vision)}, TieWordEmbeddings = {config.TieWordEmbeddings} }} {Of(preprocessor)}");
    }

    /// <summary>The sizes of the vision network and the preprocessing as text.</summary>
    public static string VisionSettings(BlipVisionConfig vision, PreprocessorConfig preprocessor) => $"{Of(vision)} {Of(preprocessor)}";

    private static string Of(BlipVisionConfig vision) => string.Create(
        CultureInfo.InvariantCulture,
        $"Vision = BlipVisionConfig {{ HiddenSize = {vision.HiddenSize}, " +
        $"IntermediateSize = {vision.IntermediateSize}, NumHiddenLayers = {vision.NumHiddenLayers}, " +
        $"NumAttentionHeads = {vision.NumAttentionHeads}, ImageSize = {vision.ImageSize}, PatchSize = {vision.PatchSize}, " +
        $"LayerNormEps = {vision.LayerNormEps}, TokenCount = {vision.TokenCount} }}");

    private static string Of(PreprocessorConfig preprocessor) => string.Create(
        CultureInfo.InvariantCulture,
        $"{preprocessor.Width} {preprocessor.RescaleFactor} {Numbers(preprocessor.ImageMean)} {Numbers(preprocessor.ImageStd)}");

    /// <summary>The SHA-256 over the settings and every tensor's name, type, shape and hash, in hexadecimal.</summary>
    /// <param name="settings">The settings as text.</param>
    /// <param name="tensors">The tensors, in the order of their names.</param>
    /// <param name="hashes">The hash of each one's elements.</param>
    public static string Compute(string settings, CheckpointTensor[] tensors, byte[][] hashes)
    {
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes(settings));
        Span<byte> number = stackalloc byte[sizeof(long)];
        for (int i = 0; i < tensors.Length; i++)
        {
            digest.AppendData(Encoding.UTF8.GetBytes($"\n{tensors[i].Name} {tensors[i].StoredType}"));
            foreach (long dimension in tensors[i].Shape)
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, dimension);
                digest.AppendData(number);
            }
            digest.AppendData(hashes[i]);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static string Numbers(IReadOnlyList<float> numbers) =>
        string.Join(' ', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));
}
