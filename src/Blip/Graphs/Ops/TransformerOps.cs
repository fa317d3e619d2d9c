using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>How a linear layer is written. The number of rows in one run decides which form is fast.</summary>
internal enum LinearForm
{
    /// <summary>
    /// x Wᵀ with the weight as it is stored. The best form for one row, and for hundreds of rows if the session has prepacked the weight.
    /// </summary>
    RowsFirst,

    /// <summary>(W xᵀ)ᵀ. It is fast without packing: with 4 to 32 rows it is at least as fast as x Wᵀ with a packed weight.</summary>
    WeightFirst,

    /// <summary>x Wᵀ with weights and activations in fp16, for a GPU.</summary>
    Half,

    /// <summary>
    /// x Wᵀ with the weight in 8 bits and a scale for every 128 inputs. Each row of x is quantised separately. A quarter of the bytes of
    /// fp32 are read.
    /// </summary>
    Int8,
}

/// <summary>The operations that all transformers of BLIP consist of. Activations are matrices [rows, width].</summary>
internal static class TransformerOps
{
    /// <summary>
    /// y = x Wᵀ + b. W is [outputs, inputs], as PyTorch stores it. If the tensor stacks more than one weight, W begins at row
    /// <paramref name="firstRow"/>.
    /// </summary>
    public static string Linear(
        this GraphBuilder g, string x, string tensor, int inputs, int outputs, int firstRow = 0, bool bias = true)
    {
        string? b = bias ? g.Weight(tensor + ".bias", [outputs], firstRow) : null;
        if (g.Form == LinearForm.Int8)
            return g.Int8Linear(x, tensor + ".weight", inputs, outputs, b);
        string weight = g.Weight(tensor + ".weight", [outputs, inputs], (long)firstRow * inputs);
        if (g.Form != LinearForm.WeightFirst)
        {
            ReadOnlySpan<string> operands = b is null ? [x, weight] : [x, weight, b];
            return g.Node("Gemm", "", operands, Attribute("transB", 1));
        }
        string y = g.Node("Transpose", "", [g.MatMulTransposed(weight, x)], Attribute("perm", 1, 0));
        return b is null ? y : g.Node("Add", y, b);
    }

    /// <summary>y = x Wᵀ + b with W quantised in blocks (<see cref="BlockQuantization"/>).</summary>
    public static string Int8Linear(this GraphBuilder g, string x, string weight, int inputs, int outputs, string? bias) =>
        g.Int8Product(x, weight, [weight], inputs, outputs, bias);

    /// <summary>
    /// Several linear layers of one input as one product, [rows, outputs of the first, of the second, ...]: each begins with quantising the
    /// rows and waking threads, which costs as much as a product of few rows.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">The input.</param>
    /// <param name="name">What the stacked weight is called.</param>
    /// <param name="tensors">The layers.</param>
    /// <param name="inputs">The width of the input.</param>
    /// <param name="outputs">The outputs of each layer.</param>
    public static string StackedInt8Linear(this GraphBuilder g, string x, string name, string[] tensors, int inputs, int outputs)
    {
        string bias = g.Weight(name + ".bias", DataType.Float, [tensors.Length * outputs], read =>
            Stack(tensors, tensor => read(tensor + ".bias")));
        return g.Int8Product(x, name + ".weight", [.. tensors.Select(tensor => tensor + ".weight")], inputs, outputs, bias);
    }

    private static string Int8Product(
        this GraphBuilder g, string x, string name, string[] weights, int inputs, int outputs, string? bias)
    {
        const int Block = BlockQuantization.Block;
        int blocks = (inputs + Block - 1) / Block, all = weights.Length * outputs;
        string values = g.Weight(name + ":int8", DataType.Uint8, [all, blocks, Block], read =>
            Stack(weights, weight => BlockQuantization.Values(read(weight), outputs, inputs)));
        string scales = g.Weight(name + ":int8-scales", DataType.Float, [all * blocks], read =>
            Stack(weights, weight => BlockQuantization.Scales(read(weight), outputs, inputs)));
        ReadOnlySpan<string> operands = bias is null ? [x, values, scales] : [x, values, scales, "", "", bias];
        // Accuracy level 4 computes in int8. Other levels convert the whole weight to fp32 in every run.
        return g.Node("MatMulNBits", Fused, operands, Attribute("K", inputs), Attribute("N", all), Attribute("bits", 8),
            Attribute("block_size", Block), Attribute("accuracy_level", 4));
    }

    private static T[] Stack<T>(string[] tensors, Func<string, T[]> values)
    {
        T[][] parts = [.. tensors.Select(values)];
        T[] all = new T[parts.Sum(part => part.Length)];
        int filled = 0;
        foreach (T[] part in parts)
        {
            part.CopyTo(all, filled);
            filled += part.Length;
        }
        return all;
    }

    /// <summary>Cuts into equal parts with the given names.</summary>
    public static void Split(this GraphBuilder g, string x, int axis, string[] parts) =>
        g.Named("Split", [x], parts, "", Attribute("axis", axis), Attribute("num_outputs", parts.Length));

    /// <summary>scale · a bᵀ over the last two dimensions.</summary>
    public static string MatMulTransposed(this GraphBuilder g, string a, string b, float scale = 1) =>
        g.Node("FusedMatMul", Fused, [a, b], Attribute("transB", 1), Attribute("alpha", scale));

    public static string LayerNorm(this GraphBuilder g, string x, string tensor, int width, float epsilon) =>
        g.Node("LayerNormalization", "", [x, g.Weight(tensor + ".weight", [width]), g.Weight(tensor + ".bias", [width])],
            Attribute("axis", -1), Attribute("epsilon", epsilon));

    /// <summary>
    /// LayerNorm(x + skip). In int8 two operators: on a CPU, ONNX Runtime's SkipLayerNormalization takes three times as long for many rows.
    /// </summary>
    public static string SkipLayerNorm(this GraphBuilder g, string x, string skip, string tensor, int width, float epsilon) =>
        g.Form == LinearForm.Int8
            ? g.LayerNorm(g.Node("Add", x, skip), tensor, width, epsilon)
            : g.Node("SkipLayerNormalization", Fused, [x, skip, g.Weight(tensor + ".weight", [width]), g.Weight(tensor + ".bias", [width])],
                Attribute("epsilon", epsilon));

    /// <summary>Converts fp32 to <see cref="GraphBuilder.Real"/>. Adds no node if the types are equal.</summary>
    public static string ToReal(this GraphBuilder g, string x) =>
        g.Real == DataType.Float ? x : g.Node("Cast", "", [x], Attribute("to", (long)g.Real));

    /// <summary>Converts <see cref="GraphBuilder.Real"/> to fp32. Adds no node if the types are equal.</summary>
    public static string ToSingle(this GraphBuilder g, string x) =>
        g.Real == DataType.Float ? x : g.Node("Cast", "", [x], Attribute("to", (long)DataType.Float));

    /// <summary>GELU in its exact form, with the error function.</summary>
    public static string Gelu(this GraphBuilder g, string x) => g.Node("Gelu", Fused, [x]);

    public static string Reshape(this GraphBuilder g, string x, params long[] shape) => g.Node("Reshape", x, g.Constant(shape));

    public static string Transpose(this GraphBuilder g, string x, params long[] order) =>
        g.Node("Transpose", "", [x], Attribute("perm", order));
}
