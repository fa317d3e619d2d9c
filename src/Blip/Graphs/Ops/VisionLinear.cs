using static Blip.Graphs.GraphBuilder;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>
/// The linear layers of the vision transformer, in the element type of the graph. In int8 all activations of a run share one scale,
/// which is computed in the run. That keeps images independent, because a run never holds two images. The layer norms balance their
/// channels (<see cref="ColumnQuantization"/>).
/// </summary>
internal sealed class VisionLinear(GraphBuilder g)
{
    private readonly bool _int8 = g.Form == LinearForm.Int8;

    /// <summary>
    /// The input of a linear layer: fp32 or fp16, or 8 bits with a scale and a zero point. <c>Norm</c> is the layer norm that balanced
    /// its channels, if there is one.
    /// </summary>
    public readonly record struct Input(string Value, string? Scale = null, string? ZeroPoint = null, string? Norm = null);

    /// <summary>A layer norm whose result is the input of the linear layers of tensor <paramref name="next"/> only.</summary>
    public Input Norm(string x, string norm, string next, int width, float epsilon)
    {
        if (!_int8)
            return new Input(g.LayerNorm(x, norm, width, epsilon));
        string scale = Balanced(".weight"), shift = Balanced(".bias");
        string y = g.Node("LayerNormalization", "", [x, scale, shift], Attribute("axis", -1), Attribute("epsilon", epsilon));
        return Quantize(y) with { Norm = norm };

        string Balanced(string part) => g.Weight(norm + part + ":balanced", DataType.Float, [width], read =>
        {
            float[] values = read(norm + part), balance = Balance(read, norm, next);
            for (int i = 0; i < values.Length; i++)
                values[i] /= balance[i];
            return values;
        });
    }

    public Input Quantize(string x)
    {
        if (!_int8)
            return new Input(x);
        string q = g.NewName("q");
        g.Named("DynamicQuantizeLinear", [x], [q, q + "_scale", q + "_zero"]);
        return new Input(q, q + "_scale", q + "_zero");
    }

    /// <summary>
    /// y = x Wᵀ + b with W [outputs, inputs]. If the tensor stacks more than one weight, W begins at row <paramref name="firstRow"/>.
    /// </summary>
    public string Apply(Input x, string tensor, int inputs, int outputs, int firstRow = 0, bool bias = true)
    {
        if (x.Scale is not { } scale || x.ZeroPoint is not { } zero)
            return g.Linear(x.Value, tensor, inputs, outputs, firstRow, bias);
        string name = FormattableString.Invariant($"{tensor}.weight:int8-columns+{firstRow}"), source = tensor + ".weight";
        string values = g.Weight(name, DataType.Int8, [inputs, outputs], read =>
            ColumnQuantization.Values(read(source), firstRow, outputs, inputs, BalanceOf(read)));
        string scales = g.Weight(name + "-scales", DataType.Float, [outputs], read =>
            ColumnQuantization.Scales(read(source).AsSpan(firstRow * inputs, outputs * inputs), inputs, BalanceOf(read)));
        if (!bias)
            return g.Node("MatMulIntegerToFloat", Fused, [x.Value, values, scale, scales, zero]);
        string b = g.Weight(tensor + ".bias", [outputs], firstRow);
        return g.Node("MatMulIntegerToFloat", Fused, [x.Value, values, scale, scales, zero, "", b]);

        float[]? BalanceOf(WeightReader read) => x.Norm is null ? null : Balance(read, x.Norm, tensor);
    }

    private static float[] Balance(WeightReader read, string norm, string next) =>
        ColumnQuantization.Balance(read(norm + ".weight"), read(norm + ".bias"), read(next + ".weight"));
}
