using System.Text.Json;

namespace Blip.Cli.Bench;

/// <summary>What the passes of one network over so many rows took on average, as ONNX Runtime's profile tells it.</summary>
/// <param name="Network">The graph's name.</param>
/// <param name="Shape">The shape of what the passes read: of the token ids, or of the first input.</param>
internal sealed record PassProfile(string Network, string Shape)
{
    private static readonly string[] ByteProducts = ["MatMulNBits", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"];

    private readonly Dictionary<string, (int Count, double Microseconds)> _operators = [];
    private double _microseconds, _products, _byteProducts, _weightBytes;

    /// <summary>How many passes there were.</summary>
    public int Passes { get; private set; }

    /// <summary>The time of a pass in milliseconds.</summary>
    public double Milliseconds => _microseconds / Passes / 1e3;

    /// <summary>The kinds of operators, the longest first: how many a pass has, and their time in milliseconds.</summary>
    public IEnumerable<(string Name, int Count, double Milliseconds)> Operators => _operators
        .Select(one => (one.Key, one.Value.Count / Passes, one.Value.Microseconds / Passes / 1e3))
        .Append(("between operators", 0, (_microseconds - _operators.Values.Sum(one => one.Microseconds)) / Passes / 1e3))
        .OrderByDescending(one => one.Item3);

    /// <summary>The time of a pass whose products run at the peak of their type, in milliseconds.</summary>
    public double ProductFloor(double gflops, double int8Gops) => ((_products / gflops) + (_byteProducts / int8Gops)) / Passes / 1e6;

    /// <summary>The time of a pass that reads its products' weights once, in milliseconds.</summary>
    public double WeightFloor(double gigabytesPerSecond) => _weightBytes / gigabytesPerSecond / Passes / 1e6;

    /// <summary>Reads the profiles of all sessions from a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="leftOut">How many passes of each kind are left out: those that warmed up.</param>
    public static IReadOnlyList<PassProfile> Read(string folder, int leftOut)
    {
        Dictionary<(string, string), (PassProfile Profile, int Seen)> known = [];
        foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            string network = Path.GetFileName(file).Split('-')[0];
            List<JsonElement> operators = [];
            foreach (JsonElement part in document.RootElement.EnumerateArray())
            {
                if (part.GetProperty("cat").ValueEquals("Node"))
                {
                    operators.Add(part);
                    continue;
                }
                // The operators of a pass come before it.
                if (!part.GetProperty("name").ValueEquals("model_run"))
                    continue;
                string shape = ShapeOf(operators);
                (PassProfile profile, int seen) = known.TryGetValue((network, shape), out (PassProfile, int) one)
                    ? one : (new PassProfile(network, shape), 0);
                known[(network, shape)] = (profile, seen + 1);
                if (seen >= leftOut)
                    profile.Add(part, operators);
                operators.Clear();
            }
        }
        return [.. known.Values.Select(one => one.Profile).Where(profile => profile.Passes > 0)];
    }

    private void Add(JsonElement pass, List<JsonElement> operators)
    {
        Passes++;
        _microseconds += pass.GetProperty("dur").GetDouble();
        foreach (JsonElement one in operators)
        {
            JsonElement args = one.GetProperty("args");
            string name = args.GetProperty("op_name").GetString()!;
            (int count, double microseconds) = _operators.GetValueOrDefault(name);
            _operators[name] = (count + 1, microseconds + one.GetProperty("dur").GetDouble());
            CountWork(name, args);
        }
    }

    private void CountWork(string name, JsonElement args)
    {
        long[][] inputs = Shapes(args, "input_type_shape"), outputs = Shapes(args, "output_type_shape");
        bool isByte = ByteProducts.Contains(name);
        if (isByte || name is "Gemm" or "MatMul" or "FusedMatMul")
        {
            long inner = inputs[0][^1];
            (isByte ? ref _byteProducts : ref _products) += 2.0 * inner * Product(outputs[0]);
            // A packed weight is no input any more.
            double packed = isByte ? inner * outputs[0][^1] : 0;
            _weightBytes += Math.Max(packed, double.Parse(args.GetProperty("parameter_size").GetString()!));
        }
        else if (name == "MultiHeadAttention")
        {
            long attended = outputs.Length > 1 ? outputs[1][2] : inputs[1][inputs[1].Length == 4 ? 2 : 1];
            _products += 4.0 * attended * Product(inputs[0]);
        }
    }

    private static string ShapeOf(List<JsonElement> operators)
    {
        JsonElement first = operators.Find(one => one.GetProperty("args").GetProperty("op_name").ValueEquals("Gather"));
        bool readsTokens = first.ValueKind != JsonValueKind.Undefined;
        long[][] inputs = Shapes((readsTokens ? first : operators[0]).GetProperty("args"), "input_type_shape");
        return $"[{string.Join(", ", readsTokens ? inputs[^1] : inputs[0])}]";
    }

    /// <summary>Written as <c>[{"float":[10,768]},{"int64":[10]}]</c>.</summary>
    private static long[][] Shapes(JsonElement args, string name) =>
    [
        .. args.GetProperty(name).EnumerateArray().Select(tensor =>
            tensor.EnumerateObject().First().Value.EnumerateArray().Select(size => size.GetInt64()).ToArray()),
    ];

    private static double Product(long[] shape) => shape.Aggregate(1.0, (product, size) => product * size);
}
