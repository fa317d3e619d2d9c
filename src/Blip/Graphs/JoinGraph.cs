using Blip.Checkpoints;
using static Blip.Graphs.GraphBuilder;

namespace Blip.Graphs;

/// <summary>
/// Joins the embeddings of two images, where they are not in the process's own memory. Inputs: <c>a</c> [1, N, D] and <c>b</c>
/// [1, M, D]. Output: <c>joined</c> [1, N + M, D].
/// </summary>
internal static class JoinGraph
{
    public static BlipGraph Build(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("join", form);
        int width = config.Vision.HiddenSize;
        string a = g.Input("a", g.Real, 1, "N", width), b = g.Input("b", g.Real, 1, "M", width);
        g.Output("joined", g.Node("Concat", "", [a, b], Attribute("axis", 1)), g.Real, 1, "S", width);
        return g.Build();
    }
}
