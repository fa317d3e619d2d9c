using Blip.Checkpoints;
using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The vision transformer. Input: <c>px</c> uint8 [B, H, W, 3], the result of the resampler. Output: <c>emb</c> [B, N + 1, D], the
/// embeddings that questions attend to. Rescaling and normalisation of the pixels are part of the patch weights.
/// </summary>
internal static class VisionGraph
{
    public const string Input = "px";
    public const string Output = "emb";

    private const string Embeddings = "vision_model.embeddings.";

    public static BlipGraph Build(BlipConfig config, PreprocessorConfig preprocessor, LinearForm form = LinearForm.RowsFirst)
    {
        BlipVisionConfig vision = config.Vision;
        int width = vision.HiddenSize;
        GraphBuilder g = new("vision", form);
        VisionLinear linear = new(g);
        string x = Embed(g, vision, preprocessor);
        for (int layer = 0; layer < vision.NumHiddenLayers; layer++)
            x = Layer(g, vision, $"vision_model.encoder.layers.{layer}.", x, linear);
        x = g.LayerNorm(x, "vision_model.post_layernorm", width, vision.LayerNormEps);
        g.Output(Output, g.Reshape(x, -1, vision.TokenCount, width), g.Real, "B", vision.TokenCount, width);
        return g.Build();
    }

    private static string Embed(GraphBuilder g, BlipVisionConfig vision, PreprocessorConfig preprocessor)
    {
        int size = vision.ImageSize, patch = vision.PatchSize, grid = size / patch, width = vision.HiddenSize;
        string px = g.Input(Input, DataType.Uint8, "B", size, size, 3);
        if (grid * patch != size)
            px = g.Node("Slice", px, g.Constant(0, 0), g.Constant(grid * patch, grid * patch), g.Constant(1, 2));
        string patches = g.Reshape(px, -1, grid, patch, grid, patch * 3);
        patches = g.Reshape(g.Transpose(patches, 0, 1, 3, 2, 4), -1, patch * patch * 3);
        patches = g.Node("Cast", "", [patches], Attribute("to", (long)DataType.Float));
        // The mean is subtracted from the pixels, not from the bias. In the bias, large sums would cancel each other and lose digits.
        // Sums of bytes times weights would also lose digits in fp16, so this part is fp32.
        int inputs = patch * patch * 3;
        string mean = g.Weight("patch_mean", DataType.Float, [inputs], _ => PatchMean(patch, preprocessor));
        string weight = g.Weight("patch_weight", DataType.Float, [width, inputs], read => PatchWeight(read, patch, preprocessor));
        string bias = g.Weight(Embeddings + "patch_embedding.bias", [width], DataType.Float);
        string x = g.Node("Gemm", "", [g.Node("Sub", patches, mean), weight, bias], Attribute("transB", 1));
        x = g.Reshape(g.ToReal(x), -1, grid * grid, width);

        string batch = g.Node("Slice", g.Node("Shape", x), g.Constant(0), g.Constant(1));
        string shape = g.Node("Concat", "", [batch, g.Constant(1, width)], Attribute("axis", 0));
        string token = g.Node("Expand", g.Weight(Embeddings + "class_embedding", [1, 1, width]), shape);
        x = g.Node("Concat", "", [token, x], Attribute("axis", 1));
        x = g.Node("Add", x, g.Weight(Embeddings + "position_embedding", [1, vision.TokenCount, width]));
        return g.Reshape(x, -1, width);
    }

    private static string Layer(GraphBuilder g, BlipVisionConfig vision, string prefix, string x, VisionLinear linear)
    {
        int width = vision.HiddenSize;
        const string Qkv = "self_attn.qkv", Projection = "self_attn.projection", Inner = "mlp.fc1", Outer = "mlp.fc2";
        VisionLinear.Input input = linear.Norm(x, prefix + "layer_norm1", prefix + Qkv, width, vision.LayerNormEps);
        string q = Project(0), k = Project(1), v = Project(2);
        string attention = g.Node("MultiHeadAttention", Fused, [q, k, v], Attribute("num_heads", vision.NumAttentionHeads));
        x = g.Node("Add", x, linear.Apply(linear.Quantize(g.Reshape(attention, -1, width)), prefix + Projection, width, width));

        input = linear.Norm(x, prefix + "layer_norm2", prefix + Inner, width, vision.LayerNormEps);
        // On a CPU BiasGelu takes 2.5 times the time of Gelu, and the product adds the bias for nothing. In fp16 it rounds once less.
        bool half = g.Form == LinearForm.Half;
        string inner = linear.Apply(input, prefix + Inner, width, vision.IntermediateSize, bias: !half);
        inner = half ? g.Node("BiasGelu", Fused, [inner, g.Weight(prefix + Inner + ".bias", [vision.IntermediateSize])]) : g.Gelu(inner);
        return g.Node("Add", x, linear.Apply(linear.Quantize(inner), prefix + Outer, vision.IntermediateSize, width));

        string Project(int part) =>
            g.Reshape(linear.Apply(input, prefix + Qkv, width, width, firstRow: part * width), -1, vision.TokenCount, width);
    }

    /// <summary>w'[n, (y·P + x)·3 + c] = w[n, c, y, x] · rescale / std_c: the kernel in the order of the pixels, for bytes.</summary>
    private static float[] PatchWeight(WeightReader read, int patch, PreprocessorConfig preprocessor)
    {
        float[] kernel = read(Embeddings + "patch_embedding.weight");
        float[] result = new float[kernel.Length];
        int area = patch * patch;
        for (int n = 0; n < kernel.Length / (3 * area); n++)
        {
            for (int c = 0; c < 3; c++)
            {
                (double scale, _) = preprocessor.Channel(c);
                for (int i = 0; i < area; i++)
                    result[((n * area) + i) * 3 + c] = (float)(kernel[((n * 3) + c) * area + i] * scale);
            }
        }
        return result;
    }

    /// <summary>For each pixel of a patch the value that is 0 after normalisation, in units of a byte. It is usually not whole.</summary>
    private static float[] PatchMean(int patch, PreprocessorConfig preprocessor)
    {
        float[] result = new float[patch * patch * 3];
        for (int i = 0; i < result.Length; i++)
        {
            (double scale, double shift) = preprocessor.Channel(i % 3);
            result[i] = (float)(-shift / scale);
        }
        return result;
    }
}
