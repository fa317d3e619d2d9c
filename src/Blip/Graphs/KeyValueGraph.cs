using Blip.Checkpoints;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The keys and values of one transformer's cross-attention, for all its layers: <c>x</c> [R, D] to <c>k0</c>, <c>v0</c>, ...
/// [1, heads, R, D / heads]. The decoder needs them of the question's states, once a question; the question encoder can have them of
/// a picture's embeddings, which pays from the sixth question or so.
/// </summary>
internal static class KeyValueGraph
{
    /// <summary>Of question states, for the decoder. R may hold the states of many questions, on one picture or several.</summary>
    public static BlipGraph ForDecoder(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("cross");
        string x = Input(g, config);
        return Build(g, config, "text_decoder.bert.encoder.layer.", tensor => g.Linear(x, tensor, config.Text.HiddenSize, config.Text.HiddenSize, form));
    }

    /// <summary>Of a picture's embeddings, for the question encoder.</summary>
    public static BlipGraph ForQuestions(BlipConfig config, bool int8)
    {
        GraphBuilder g = new("projection");
        VisionLinear linear = new(g, int8);
        VisionLinear.Input x = linear.Quantize(Input(g, config));
        return Build(g, config, "text_encoder.encoder.layer.", tensor => linear.Apply(x, tensor, config.Vision.HiddenSize, config.Text.HiddenSize));
    }

    private static string Input(GraphBuilder g, BlipConfig config) => g.Input("x", DataType.Float, "R", config.Text.HiddenSize);

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
            g.Output(output, g.Transpose(g.Reshape(project(tensor), 1, -1, heads, head), 0, 2, 1, 3), DataType.Float, 1, heads, "R", head);
    }
}
