using Blip.Checkpoints;
using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// One step of the answer decoder. All answers share one flat cache: each row of each answer is a position of one sequence, and masks
/// let a row attend only to its earlier tokens and to its question. Inputs: <c>ids</c> and <c>pos</c> [S]; <c>bias</c>
/// [1, 1, S, P + S]; <c>cbias</c> [1, 1, S, T]; the keys and values of the questions <c>k0</c>, <c>v0</c>, ... [1, heads, T, h]; the
/// cache <c>pk0</c>, <c>pv0</c>, ... [1, heads, P, h]. Outputs: <c>logits</c> [S, V] and the longer cache <c>nk0</c>, <c>nv0</c>, ...
/// [1, heads, P + S, h]. P may be 0.
/// A graph that writes in place takes a cache that has room for C rows, [B, heads, C, h], and adds its rows to it where the outputs are the
/// inputs' memory: then nothing is copied. B is 1, or answers of equal length have a sequence each: then they have S / B rows each, and
/// <c>bias</c> is [1, 1, S / B, P + S / B]. Its further inputs are <c>shape</c> [3], which is B, S / B and the width, <c>last</c> [B], the
/// place of the last row of each sequence, and <c>total</c>, the rows of a sequence.
/// </summary>
internal static class DecoderGraph
{
    public const string Output = "logits";

    private const string Bert = "text_decoder.bert.";
    private const string Head = "text_decoder.cls.predictions.";

    /// <summary>Builds the graph.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tied">Whether the head uses the weight of the word embeddings.</param>
    /// <param name="form">How linear layers are written.</param>
    /// <param name="inPlace">Whether the cache is written in place.</param>
    public static BlipGraph Build(BlipConfig config, bool tied, LinearForm form, bool inPlace = false)
    {
        BlipTextConfig text = config.Text;
        int width = text.HiddenSize, heads = text.NumAttentionHeads, head = width / heads;
        GraphBuilder g = new("decoder", form);
        TextLayer layer = new(g, text);
        string ids = g.Input("ids", DataType.Int64, "S");
        string pos = g.Input("pos", DataType.Int64, "S");
        string bias = g.ToReal(g.Input("bias", DataType.Float, 1, 1, inPlace ? "SB" : "S", "PS"));
        string cbias = g.ToReal(g.Input("cbias", DataType.Float, 1, 1, "S", "T"));
        string shape = inPlace ? g.Input("shape", DataType.Int64, 3) : "", last = inPlace ? g.Input("last", DataType.Int32, "B") : "";
        string total = inPlace ? g.Input("total", DataType.Int32) : "";
        (object batch, string past, string present) = inPlace ? ("B", "C", "C") : ((object)1, "P", "PS");

        g.Output(Output, Output, DataType.Float, "S", text.VocabSize);

        string x = layer.Embed(Bert + "embeddings.", ids, pos);
        for (int i = 0; i < text.NumHiddenLayers; i++)
        {
            int n = i;
            x = layer.Apply($"{Bert}encoder.layer.{i}.", x, (q, k, v) => SelfAttention(n, q, k, v), q => CrossAttention(n, q));
        }
        Predict(x);
        return g.Build();

        string SelfAttention(int i, string q, string k, string v)
        {
            string y = g.NewName("self");
            string pastKey = g.Input($"pk{i}", g.Real, batch, heads, past, head);
            string pastValue = g.Input($"pv{i}", g.Real, batch, heads, past, head);
            string[] results = [y, $"nk{i}", $"nv{i}"];
            if (inPlace)
            {
                g.Named(
                    "GroupQueryAttention", [Apart(q), Apart(k), Apart(v), pastKey, pastValue, last, total, "", "", "", bias], results,
                    Fused, Attribute("num_heads", heads), Attribute("kv_num_heads", heads));
            }
            else
            {
                g.Named("MultiHeadAttention", [Batch(q), Batch(k), Batch(v), "", "", bias, pastKey, pastValue], results, Fused,
                    Attribute("num_heads", heads));
            }
            g.Output($"nk{i}", $"nk{i}", g.Real, batch, heads, present, head);
            g.Output($"nv{i}", $"nv{i}", g.Real, batch, heads, present, head);
            return g.Reshape(y, -1, width);
        }

        string CrossAttention(int i, string q)
        {
            string key = g.Input($"k{i}", g.Real, 1, heads, "T", head), value = g.Input($"v{i}", g.Real, 1, heads, "T", head);
            string y = g.Node("MultiHeadAttention", Fused, [Batch(q), key, value, "", "", cbias], Attribute("num_heads", heads));
            return g.Reshape(y, -1, width);
        }

        string Apart(string rows) => g.Node("Reshape", rows, shape);

        string Batch(string rows) => g.Reshape(rows, 1, -1, width);

        void Predict(string rows)
        {
            string hidden = g.Gelu(layer.Linear(rows, Head + "transform.dense"));
            hidden = g.LayerNorm(hidden, Head + "transform.LayerNorm", width, text.LayerNormEps);
            string vocabulary = tied ? Bert + "embeddings.word_embeddings.weight" : Head + "decoder.weight";
            // Always in fp32: near 10, fp16 has steps of 0.01, and an error of 0.01 in a logit changes its probability by 1 %.
            string product = form == LinearForm.Int8
                ? g.Int8Linear(hidden, vocabulary, width, text.VocabSize, bias: null)
                : g.MatMulTransposed(g.ToSingle(hidden), g.Weight(vocabulary, [text.VocabSize, width], DataType.Float));
            g.Named("Add", [product, g.Weight(Head + "decoder.bias", [text.VocabSize], DataType.Float)], [Output]);
        }
    }
}
