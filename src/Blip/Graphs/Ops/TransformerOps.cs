using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>How a linear layer is written: which form is fast depends on how many rows go through it at once.</summary>
internal enum LinearForm
{
    /// <summary>x Wᵀ with the weight where it lies; best for one row, and for hundreds of rows once the session has prepacked it.</summary>
    RowsFirst,

    /// <summary>(W xᵀ)ᵀ: needs no packing to be fast, and at four to thirty-two rows it is as fast as a packed weight or faster.</summary>
    WeightFirst,

    /// <summary>Rows first with weights and activations in fp16, for a GPU.</summary>
    Half,

    /// <summary>The weight in 8 bits with a scale for every 128 inputs, each row of x quantised on its own: a quarter of the bytes to read.</summary>
    Int8,
}

/// <summary>The operations that all of BLIP's transformers are made of. Activations are matrices [rows, width].</summary>
internal static class TransformerOps
{
    /// <summary>y = x Wᵀ + b, with W [outputs, inputs] as PyTorch stores it, from row <paramref name="firstRow"/> of a stacked tensor on.</summary>
    public static string Linear(this GraphBuilder g, string x, string tensor, int inputs, int outputs, int firstRow = 0, bool bias = true)
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

    /// <summary>y = x Wᵀ + b with W quantised in blocks.</summary>
    public static string Int8Linear(this GraphBuilder g, string x, string weight, int inputs, int outputs, string? bias)
    {
        const int Block = BlockQuantization.Block;
        int blocks = (inputs + Block - 1) / Block;
        string values = g.Weight(weight + ":int8", DataType.Uint8, [outputs, blocks, Block], read => BlockQuantization.Values(read(weight), outputs, inputs));
        string scales = g.Weight(weight + ":int8-scales", DataType.Float, [outputs * blocks], read => BlockQuantization.Scales(read(weight), outputs, inputs));
        ReadOnlySpan<string> operands = bias is null ? [x, values, scales] : [x, values, scales, "", "", bias];
        // Accuracy level 4 computes in int8; any other would widen the whole weight at every run.
        return g.Node("MatMulNBits", Fused, operands, Attribute("K", inputs), Attribute("N", outputs), Attribute("bits", 8),
            Attribute("block_size", Block), Attribute("accuracy_level", 4));
    }

    /// <summary>scale · a bᵀ over the last two dimensions.</summary>
    public static string MatMulTransposed(this GraphBuilder g, string a, string b, float scale = 1) =>
        g.Node("FusedMatMul", Fused, [a, b], Attribute("transB", 1), Attribute("alpha", scale));

    public static string LayerNorm(this GraphBuilder g, string x, string tensor, int width, float epsilon) =>
        g.Node("LayerNormalization", "", [x, g.Weight(tensor + ".weight", [width]), g.Weight(tensor + ".bias", [width])],
            Attribute("axis", -1), Attribute("epsilon", epsilon));

    /// <summary>LayerNorm(x + skip).</summary>
    public static string SkipLayerNorm(this GraphBuilder g, string x, string skip, string tensor, int width, float epsilon) =>
        g.Node("SkipLayerNormalization", Fused, [x, skip, g.Weight(tensor + ".weight", [width]), g.Weight(tensor + ".bias", [width])],
            Attribute("epsilon", epsilon));

    /// <summary>The value in <see cref="GraphBuilder.Real"/> numbers, from fp32.</summary>
    public static string Narrow(this GraphBuilder g, string x) => g.Real == DataType.Float ? x : g.Node("Cast", "", [x], Attribute("to", (long)g.Real));

    /// <summary>The value in fp32, from <see cref="GraphBuilder.Real"/> numbers.</summary>
    public static string Widen(this GraphBuilder g, string x) => g.Real == DataType.Float ? x : g.Node("Cast", "", [x], Attribute("to", (long)DataType.Float));

    /// <summary>GELU in its exact form, by the error function.</summary>
    public static string Gelu(this GraphBuilder g, string x) => g.Node("Gelu", Fused, [x]);

    public static string Reshape(this GraphBuilder g, string x, params long[] shape) => g.Node("Reshape", x, g.Constant(shape));

    public static string Transpose(this GraphBuilder g, string x, params long[] order) =>
        g.Node("Transpose", "", [x], Attribute("perm", order));
}
