using Blip.Checkpoints;
using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// A head of a model that matches images and texts: one linear layer over first tokens, always in fp32. Output: <c>head</c>
/// [R, outputs].
/// </summary>
internal static class HeadGraph
{
    public const string Output = "head";

    /// <summary>The match of texts with an image, two logits each. Input: <c>x</c> [R, D], the states of the texts' first tokens.</summary>
    public static BlipGraph ForMatch(BlipConfig config) => ForTexts("match", "itm_head", config, 2);

    /// <summary>The embeddings of texts. Input: <c>x</c> [R, D], the states of their first tokens.</summary>
    public static BlipGraph ForTexts(BlipConfig config) => ForTexts("text_embedding", "text_proj", config, config.EmbeddingSize);

    /// <summary>The embedding of an image. Input: <c>emb</c> [1, N, D], what the vision network gave. R is 1.</summary>
    public static BlipGraph ForImage(BlipConfig config, LinearForm form)
    {
        int width = config.Vision.HiddenSize;
        GraphBuilder g = new("image_embedding", form);
        string emb = g.Input("emb", g.Real, 1, config.Vision.TokenCount, width);
        string first = g.Node("Slice", emb, g.Constant(0), g.Constant(1), g.Constant(1));
        return Build(g, g.ToSingle(g.Reshape(first, 1, width)), "vision_proj", width, config.EmbeddingSize);
    }

    private static BlipGraph ForTexts(string name, string tensor, BlipConfig config, int outputs)
    {
        int width = config.Text.HiddenSize;
        GraphBuilder g = new(name);
        return Build(g, g.Input("x", DataType.Float, "R", width), tensor, width, outputs);
    }

    private static BlipGraph Build(GraphBuilder g, string x, string tensor, int width, int outputs)
    {
        string weight = g.Weight(tensor + ".weight", [outputs, width], DataType.Float);
        string bias = g.Weight(tensor + ".bias", [outputs], DataType.Float);
        g.Output(Output, g.Node("Gemm", "", [x, weight, bias], Attribute("transB", 1)), DataType.Float, "R", outputs);
        return g.Build();
    }
}
