using Blip.Checkpoints;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The keys and values of the cross-attention in all layers of one transformer. Input: <c>x</c> [R, D], or [1, R, D] for an image.
/// Outputs: <c>k0</c>, <c>v0</c>, ... [1, heads, R, D / heads]. A decoder needs them once for what it attends to: the states of each
/// question, or the image. For the question encoder they can be computed once for an image. That saves time from about the sixth question
/// on.
/// </summary>
internal static class KeyValueGraph
{
    /// <summary>From question states, for the decoder. R may hold the states of many questions about one or many images.</summary>
    public static BlipGraph ForDecoder(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("cross", form);
        int width = config.Text.HiddenSize;
        string x = g.ToReal(g.Input("x", DataType.Float, "R", width));
        const string Layers = "text_decoder.bert.encoder.layer.";
        return form == LinearForm.Int8
            ? BuildStacked(g, config, Layers, x)
            : Build(g, config, Layers, tensor => g.Linear(x, tensor, width, width));
    }

    /// <summary>From the embeddings of one image or several, end to end, for the decoder of captions. Each row is computed alone.</summary>
    public static BlipGraph ForCaptions(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("cross", form);
        int width = config.Vision.HiddenSize;
        string x = g.Reshape(g.Input("x", g.Real, 1, "R", width), -1, width);
        return Build(g, config, "text_decoder.bert.encoder.layer.", tensor => g.Linear(x, tensor, width, config.Text.HiddenSize));
    }

    /// <summary>From an image's embeddings, for the question encoder.</summary>
    public static BlipGraph ForQuestions(BlipConfig config, LinearForm form)
    {
        GraphBuilder g = new("projection", form);
        VisionLinear linear = new(g);
        int width = config.Vision.HiddenSize;
        VisionLinear.Input x = linear.Quantize(g.Reshape(g.Input("x", g.Real, 1, "R", width), -1, width));
        return Build(g, config, "text_encoder.encoder.layer.", tensor => linear.Apply(x, tensor, width, config.Text.HiddenSize));
    }

    /// <summary>All keys and values as one product: questions have few rows.</summary>
    private static BlipGraph BuildStacked(GraphBuilder g, BlipConfig config, string prefix, string x)
    {
        int width = config.Text.HiddenSize, heads = config.Text.NumAttentionHeads, head = width / heads;
        int[] layers = [.. Enumerable.Range(0, config.Text.NumHiddenLayers)];
        string[] outputs = [.. layers.SelectMany(i => (string[])[$"k{i}", $"v{i}"])];
        string[] tensors = [.. layers.SelectMany(i => (string[])[Cross(i, "key"), Cross(i, "value")])];
        string all = g.StackedInt8Linear(x, prefix + "all.crossattention.self.key+value", tensors, width, width);
        string byHead = g.Transpose(g.Reshape(all, -1, outputs.Length * heads, head), 1, 0, 2);
        g.Split(g.Reshape(byHead, outputs.Length, heads, -1, head), 0, outputs);
        foreach (string output in outputs)
            g.Output(output, output, g.Real, 1, heads, "R", head);
        return g.Build();

        string Cross(int layer, string part) => $"{prefix}{layer}.crossattention.self.{part}";
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
