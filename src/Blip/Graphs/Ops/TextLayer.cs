using Blip.Checkpoints;

namespace Blip.Graphs;

/// <summary>
/// The parts that the question encoder and the answer decoder share: token embeddings, and a post-norm layer of self-attention,
/// cross-attention and feed-forward. The two differ in their attention, so the caller gives the attention.
/// </summary>
internal sealed class TextLayer(GraphBuilder g, BlipTextConfig config)
{
    private readonly int _width = config.HiddenSize;

    /// <summary>The normalised sum of word and position embeddings: ids and positions [rows] to [rows, width].</summary>
    public string Embed(string prefix, string ids, string positions)
    {
        string wordTable = g.Weight(prefix + "word_embeddings.weight", [config.VocabSize, _width]);
        string positionTable = g.Weight(prefix + "position_embeddings.weight", [config.MaxPositionEmbeddings, _width]);
        string sum = g.Node("Add", g.Node("Gather", wordTable, ids), g.Node("Gather", positionTable, positions));
        return g.LayerNorm(sum, prefix + "LayerNorm", _width, config.LayerNormEps);
    }

    /// <summary>
    /// One layer, [rows, width] to [rows, width]. <paramref name="selfAttention"/> takes q, k and v, and
    /// <paramref name="crossAttention"/> takes q; each is [rows, width]. Where it is <see langword="null"/>, the layer has none.
    /// </summary>
    public string Apply(
        string prefix, string x, Func<string, string, string, string> selfAttention, Func<string, string>? crossAttention)
    {
        (string q, string k, string v) = ProjectSelf(x, prefix + "attention.self.");
        x = Residual(selfAttention(q, k, v), x, prefix + "attention.output");
        if (crossAttention is not null)
            x = Residual(crossAttention(Linear(x, prefix + "crossattention.self.query")), x, prefix + "crossattention.output");

        string inner = g.Gelu(g.Linear(x, prefix + "intermediate.dense", _width, config.IntermediateSize));
        string outer = g.Linear(inner, prefix + "output.dense", config.IntermediateSize, _width);
        return g.SkipLayerNorm(outer, x, prefix + "output.LayerNorm", _width, config.LayerNormEps);
    }

    public string Linear(string x, string tensor) => g.Linear(x, tensor, _width, _width);

    /// <summary>[rows, width] to [heads, rows, head width].</summary>
    public string SplitHeads(string x) =>
        g.Transpose(g.Reshape(x, -1, config.NumAttentionHeads, _width / config.NumAttentionHeads), 1, 0, 2);

    private (string Query, string Key, string Value) ProjectSelf(string x, string prefix)
    {
        string[] tensors = [prefix + "query", prefix + "key", prefix + "value"];
        if (g.Form != LinearForm.Int8)
            return (Linear(x, tensors[0]), Linear(x, tensors[1]), Linear(x, tensors[2]));
        string all = g.StackedInt8Linear(x, prefix + "query+key+value", tensors, _width, _width);
        string[] parts = [all + "_q", all + "_k", all + "_v"];
        g.Split(all, 1, parts);
        return (parts[0], parts[1], parts[2]);
    }

    private string Residual(string attended, string x, string prefix) =>
        g.SkipLayerNorm(Linear(attended, prefix + ".dense"), x, prefix + ".LayerNorm", _width, config.LayerNormEps);
}
