using BenchmarkDotNet.Attributes;
using Blip.Decoding;
using Blip.Text;

namespace Blip.Benchmarks;

/// <summary>The tokenizer, and the choice of a token from the logits of one step.</summary>
[MemoryDiagnoser]
public class TextBenchmarks
{
    private readonly BertTokenizer _tokenizer = BertTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "models", "demo"));
    private readonly float[] _logits = new float[30_524];

    public TextBenchmarks()
    {
        Random random = new(1);
        for (int i = 0; i < _logits.Length; i++)
            _logits[i] = random.NextSingle() * 20;
    }

    [Benchmark]
    public int TokenizeQuestion() => _tokenizer.Encode("How many dogs are in the picture?").Ids.Length;

    /// <summary>With a vocabulary of the full-size model's size.</summary>
    [Benchmark]
    public float LikeliestTokenAndItsProbability()
    {
        TokenDistribution distribution = new(_logits, banned: -1);
        return distribution.LogProbability(distribution.Likeliest);
    }
}
