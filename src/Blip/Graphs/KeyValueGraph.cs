using Blip.Checkpoints;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The keys and values of one transformer's cross-attention, for all its layers: <c>x</c> [R, D] (of an image [1, R, D]) to <c>k0</c>, <c>v0</c>, ...
/// [1, heads, R, D / heads]. The decoder needs them of the question's states, once a question; the question encoder can have them of
/// an image's embeddings, which pays from the sixth question or so.
/// </summary>
internal static class KeyValueGraph
{
    /// <summary>Of question states, for the decoder. R may hold the states of many questions, on one image or several.</summary>
    public static BlipGraph ForDecoder(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("cross", form);
        string x = g.Narrow(g.Input("x", DataType.Float, "R", config.Text.HiddenSize));
        return Build(g, config, "text_decoder.bert.encoder.layer.", tensor => g.Linear(x, tensor, config.Text.HiddenSize, config.Text.HiddenSize));
    }

    /// <summary>Of an image's embeddings, for the question encoder.</summary>
    public static BlipGraph ForQuestions(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("projection", form);
        VisionLinear linear = new(g);
        int width = config.Vision.HiddenSize;
        VisionLinear.Input x = linear.Quantize(g.Reshape(g.Input("x", g.Real, 1, "R", width), -1, width));
        return Build(g, config, "text_encoder.encoder.layer.", tensor => linear.Apply(x, tensor, width, config.Text.HiddenSize));
    }

    private static BlipGraph Build(GraphBuilder g, BlipConfig config, string prefix, Func<string, string> project)
    {
        int heads = config.Text.NumAttentionHeads, head = config.Text.HiddenSize / heads;
        for (int i = 0; i < config.Text.NumHiddenLayers; i++)
        {
            Emit($"k{i}", $"{prefix}{i}.crossattention.self.key");
            Emit($"v{i}", $"{prefix}{i}.crossattention.self.value");
        }
        return g.Build();

        void Emit(string output, string tensor) =>
            g.Output(output, g.Transpose(g.Reshape(project(tensor), 1, -1, heads, head), 0, 2, 1, 3), g.Real, 1, heads, "R", head);
    }
}
