using Blip.Checkpoints;
using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The question encoder. All questions about one image are one packed sequence without padding. Inputs: <c>ids</c> [T], <c>pos</c> [T]
/// (each question starts at 0), <c>bias</c> [1, 1, T, T] (0 inside a question, -65504 elsewhere), and the image. Output: <c>states</c>
/// [T, D]. The image is its embeddings <c>emb</c> [1, N, vision width], or its projected keys and values <c>k0</c>, <c>v0</c>, ...
/// [1, heads, N, D / heads] (<see cref="KeyValueGraph"/>), or there is none. N counts the tokens of all frames that are one image. Keys
/// and values need more memory and one more run, but less work for each question. A graph that explains also gives <c>attention</c>
/// [T, N]: how much each token attended to each part of the image, summed over layers and heads.
/// </summary>
internal static class QuestionGraph
{
    public const string Output = "states", Attention = "attention";

    /// <param name="config">The model's sizes.</param>
    /// <param name="form">How linear layers are written.</param>
    /// <param name="image">How the encoder gets the image.</param>
    /// <param name="explains">Whether the graph tells its attention to the image, which is embedded then.</param>
    public static BlipGraph Build(BlipConfig config, LinearForm form, AttendedImage image, bool explains = false)
    {
        BlipTextConfig text = config.Text;
        int width = text.HiddenSize, heads = text.NumAttentionHeads, imageWidth = config.Vision.HiddenSize;
        // The names tell a profile's passes apart.
        GraphBuilder g = new(image == AttendedImage.Projected ? "question_projected" : "question", form);
        TextLayer layer = new(g, text);
        string ids = g.Input("ids", DataType.Int64, "T");
        string pos = g.Input("pos", DataType.Int64, "T");
        string bias = g.ToReal(g.Input("bias", DataType.Float, 1, 1, "T", "T"));
        string emb = image == AttendedImage.Embedded
            ? g.Reshape(g.Input("emb", g.Real, 1, "N", imageWidth), -1, imageWidth) : "";
        string attention = "";

        string x = layer.Embed("text_encoder.embeddings.", ids, pos);
        for (int i = 0; i < text.NumHiddenLayers; i++)
        {
            int n = i;
            string prefix = $"text_encoder.encoder.layer.{i}.";
            Func<string, string>? cross = image switch
            {
                AttendedImage.None => null,
                AttendedImage.Embedded => q => AbsorbedCrossAttention(q, prefix + "crossattention.self."),
                _ => q => CrossAttention(q, n),
            };
            x = layer.Apply(prefix, x, SelfAttention, cross);
        }
        g.Output(Output, g.ToSingle(x), DataType.Float, "T", width);
        if (explains)
            g.Output(Attention, attention, DataType.Float, "T", config.Vision.TokenCount);
        return g.Build();

        string SelfAttention(string q, string k, string v)
        {
            string y = g.Node("MultiHeadAttention", Fused, [Batch(q), Batch(k), Batch(v), "", "", bias], Attribute("num_heads", heads));
            return g.Reshape(y, -1, width);
        }

        string Batch(string rows) => g.Reshape(rows, 1, -1, width);

        string CrossAttention(string q, int i)
        {
            string key = g.Input($"k{i}", g.Real, 1, heads, "N", width / heads);
            string value = g.Input($"v{i}", g.Real, 1, heads, "N", width / heads);
            return g.Reshape(g.Node("MultiHeadAttention", Fused, [Batch(q), key, value], Attribute("num_heads", heads)), -1, width);
        }

        // Attention to the image with the key and value projections absorbed. The image tokens are not projected. Instead q is
        // multiplied by Wk and then by the embeddings, and the weighted sum of the embeddings is multiplied by Wv. The result is the same
        // in another order of sums, and an image needs 24 times less memory. The key's bias adds the same number to all scores of a row,
        // so softmax cancels it.
        string AbsorbedCrossAttention(string q, string prefix)
        {
            int head = width / heads;
            string keys = g.Weight(prefix + "key.weight", [heads, head, imageWidth]);
            string values = g.Weight(prefix + "value.weight", [heads, head, imageWidth]);
            string scores = g.MatMulTransposed(g.Node("MatMul", layer.SplitHeads(q), keys), emb, 1 / MathF.Sqrt(head));
            string weights = g.Node("Softmax", "", [scores], Attribute("axis", -1));
            if (explains)
            {
                string all = g.Node("ReduceSum", "", [g.ToSingle(weights), g.Constant(0)], Attribute("keepdims", 0L));
                attention = attention.Length == 0 ? all : g.Node("Add", attention, all);
            }
            string attended = g.MatMulTransposed(g.Node("MatMul", weights, emb), values);
            string merged = g.Reshape(g.Transpose(attended, 1, 0, 2), -1, width);
            return g.Node("Add", merged, g.Weight(prefix + "value.bias", [width]));
        }
    }
}
