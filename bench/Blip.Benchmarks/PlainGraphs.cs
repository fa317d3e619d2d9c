using Blip.Checkpoints;
using Blip.Graphs;
using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Benchmarks;

/// <summary>
/// The model in plain ONNX operators, as an exporter writes it. Nothing is fused, the keys and values of the image are computed for each
/// question, and the decoder has no cache. ONNX Runtime may optimise the graphs as much as it can.
/// </summary>
internal sealed class PlainGraphs(BlipConfig config)
{
    /// <summary>Input: <c>px</c> [1, 3, H, W], normalised. Output: <c>emb</c> [1, N, D].</summary>
    public BlipGraph Vision()
    {
        BlipVisionConfig vision = config.Vision;
        int width = vision.HiddenSize, size = vision.ImageSize, patch = vision.PatchSize;
        const string Embeddings = "vision_model.embeddings.";
        GraphBuilder g = new("plain-vision");
        string px = g.Input("px", DataType.Float, 1, 3, size, size);
        string kernel = g.Weight(Embeddings + "patch_embedding.weight", [width, 3, patch, patch]);
        string bias = g.Weight(Embeddings + "patch_embedding.bias", [width]);
        string patches = g.Node("Conv", "", [px, kernel, bias], Attribute("strides", patch, patch));
        patches = g.Transpose(g.Reshape(patches, 1, width, -1), 0, 2, 1);
        string x = g.Node("Concat", "", [g.Weight(Embeddings + "class_embedding", [1, 1, width]), patches], Attribute("axis", 1));
        x = g.Node("Add", x, g.Weight(Embeddings + "position_embedding", [1, vision.TokenCount, width]));
        for (int i = 0; i < vision.NumHiddenLayers; i++)
        {
            string prefix = $"vision_model.encoder.layers.{i}.", qkv = prefix + "self_attn.qkv";
            string y = g.LayerNorm(x, prefix + "layer_norm1", width, vision.LayerNormEps);
            string q = Linear(g, y, qkv, width, width);
            string k = Linear(g, y, qkv, width, width, firstRow: width);
            string v = Linear(g, y, qkv, width, width, firstRow: 2 * width);
            y = Attention(g, q, k, v, vision.NumAttentionHeads, width);
            x = g.Node("Add", x, Linear(g, y, prefix + "self_attn.projection", width, width));
            y = g.LayerNorm(x, prefix + "layer_norm2", width, vision.LayerNormEps);
            y = Gelu(g, Linear(g, y, prefix + "mlp.fc1", width, vision.IntermediateSize));
            x = g.Node("Add", x, Linear(g, y, prefix + "mlp.fc2", vision.IntermediateSize, width));
        }
        x = g.LayerNorm(x, "vision_model.post_layernorm", width, vision.LayerNormEps);
        g.Output("emb", x, DataType.Float, 1, vision.TokenCount, width);
        return g.Build();
    }

    /// <summary>Inputs: <c>ids</c> [1, T] and <c>emb</c> [1, N, D]. Output: <c>states</c> [1, T, D].</summary>
    public BlipGraph Question()
    {
        GraphBuilder g = new("plain-question");
        string emb = g.Input("emb", DataType.Float, 1, config.Vision.TokenCount, config.Vision.HiddenSize);
        g.Output("states", Text(g, "text_encoder.", emb, mask: null), DataType.Float, 1, "S", config.Text.HiddenSize);
        return g.Build();
    }

    /// <summary>
    /// Inputs: <c>ids</c> [1, S] with all tokens of the answer so far, <c>mask</c> [S, S] and <c>states</c> [1, T, D]. Output:
    /// <c>logits</c> [1, S, V].
    /// </summary>
    public BlipGraph Decoder(bool tied)
    {
        const string Head = "text_decoder.cls.predictions.";
        int width = config.Text.HiddenSize, vocabulary = config.Text.VocabSize;
        GraphBuilder g = new("plain-decoder");
        string states = g.Input("states", DataType.Float, 1, "T", width);
        string x = Text(g, "text_decoder.bert.", states, g.Input("mask", DataType.Float, "S", "S"));
        x = Gelu(g, Linear(g, x, Head + "transform.dense", width, width));
        x = g.LayerNorm(x, Head + "transform.LayerNorm", width, config.Text.LayerNormEps);
        string weight = tied ? "text_decoder.bert.embeddings.word_embeddings.weight" : Head + "decoder.weight";
        x = g.Node("MatMul", x, Transposed(g, weight, width, vocabulary, 0));
        g.Output("logits", g.Node("Add", x, g.Weight(Head + "decoder.bias", [vocabulary])), DataType.Float, 1, "S", vocabulary);
        return g.Build();
    }

    private string Text(GraphBuilder g, string prefix, string context, string? mask)
    {
        BlipTextConfig text = config.Text;
        int width = text.HiddenSize, heads = text.NumAttentionHeads;
        string ids = g.Input("ids", DataType.Int64, 1, "S"), pos = g.Input("pos", DataType.Int64, 1, "S");
        string words = g.Weight(prefix + "embeddings.word_embeddings.weight", [text.VocabSize, width]);
        string positions = g.Weight(prefix + "embeddings.position_embeddings.weight", [text.MaxPositionEmbeddings, width]);
        string x = g.Node("Add", g.Node("Gather", words, ids), g.Node("Gather", positions, pos));
        x = g.LayerNorm(x, prefix + "embeddings.LayerNorm", width, text.LayerNormEps);
        for (int i = 0; i < text.NumHiddenLayers; i++)
        {
            string layer = $"{prefix}encoder.layer.{i}.";
            x = Attend("attention.", x, mask);
            x = Attend("crossattention.", context, null);
            string inner = Gelu(g, Linear(g, x, layer + "intermediate.dense", width, text.IntermediateSize));
            string outer = Linear(g, inner, layer + "output.dense", text.IntermediateSize, width);
            x = g.LayerNorm(g.Node("Add", outer, x), layer + "output.LayerNorm", width, text.LayerNormEps);

            string Attend(string kind, string to, string? scoreMask)
            {
                string self = layer + kind + "self.", output = layer + kind + "output.";
                string q = Linear(g, x, self + "query", width, width);
                string k = Linear(g, to, self + "key", width, width);
                string v = Linear(g, to, self + "value", width, width);
                string y = Linear(g, Attention(g, q, k, v, heads, width, scoreMask), output + "dense", width, width);
                return g.LayerNorm(g.Node("Add", y, x), output + "LayerNorm", width, text.LayerNormEps);
            }
        }
        return x;
    }

    private static string Attention(GraphBuilder g, string q, string k, string v, int heads, int width, string? mask = null)
    {
        string scores = g.Node("MatMul", Split(q, 0, 2, 1, 3), Split(k, 0, 2, 3, 1));
        scores = g.Node("Div", scores, Scalar(g, MathF.Sqrt(width / heads)));
        if (mask is not null)
            scores = g.Node("Add", scores, mask);
        string attended = g.Node("MatMul", g.Node("Softmax", "", [scores], Attribute("axis", -1)), Split(v, 0, 2, 1, 3));
        return g.Reshape(g.Transpose(attended, 0, 2, 1, 3), 1, -1, width);

        string Split(string x, params long[] order) => g.Transpose(g.Reshape(x, 1, -1, heads, width / heads), order);
    }

    private static string Gelu(GraphBuilder g, string x)
    {
        string erf = g.Node("Erf", g.Node("Div", x, Scalar(g, MathF.Sqrt(2))));
        return g.Node("Mul", g.Node("Mul", x, g.Node("Add", erf, Scalar(g, 1))), Scalar(g, 0.5f));
    }

    private static string Linear(GraphBuilder g, string x, string tensor, int inputs, int outputs, int firstRow = 0)
    {
        string product = g.Node("MatMul", x, Transposed(g, tensor + ".weight", inputs, outputs, firstRow));
        return g.Node("Add", product, g.Weight(tensor + ".bias", [outputs], firstRow));
    }

    private static string Transposed(GraphBuilder g, string tensor, int inputs, int outputs, int firstRow) =>
        g.Weight(FormattableString.Invariant($"{tensor}:transposed+{firstRow}"), DataType.Float, [inputs, outputs], read =>
        {
            float[] weight = read(tensor), transposed = new float[inputs * outputs];
            Parallel.For(0, inputs, i =>
            {
                for (int o = 0; o < outputs; o++)
                    transposed[(i * outputs) + o] = weight[((firstRow + o) * inputs) + i];
            });
            return transposed;
        });

    private static string Scalar(GraphBuilder g, float value) => g.Node("Constant", "", [], Attribute("value_float", value));
}
