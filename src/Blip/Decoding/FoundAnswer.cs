namespace Blip.Decoding;

/// <summary>An answer as tokens, while it grows and when it is found.</summary>
internal sealed class FoundAnswer(int start)
{
    private readonly List<int> _tokens = new(8) { start };
    private readonly List<float> _logProbabilities = new(8);
    private readonly List<(int Token, float LogProbability)[]> _top = [];

    /// <summary>The start token and all that followed.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The log-probability of each token after the start.</summary>
    public IReadOnlyList<float> LogProbabilities => _logProbabilities;

    /// <summary>The log-probability of all tokens.</summary>
    public double LogProbability => _logProbabilities.Sum(one => (double)one);

    /// <summary>The most likely first tokens, best first.</summary>
    public IReadOnlyList<(int Token, float LogProbability)> Alternatives { get; set; } = [];

    /// <summary>The most likely tokens at each place, best first. Empty where the limits ask for none.</summary>
    public IReadOnlyList<(int Token, float LogProbability)[]> Top => _top;

    /// <summary>Whole answers, best first, where beams were searched.</summary>
    public IReadOnlyList<FoundSequence> Sequences { get; set; } = [];

    /// <summary>Choices by their place, best first, where choices were ranked.</summary>
    public IReadOnlyList<(int Choice, double Score)> Ranked { get; set; } = [];

    /// <summary>How much more the question attended to each part of the image than others do, where that was wanted.</summary>
    public float[]? Evidence { get; set; }

    public void Add(int token, float logProbability)
    {
        _tokens.Add(token);
        _logProbabilities.Add(logProbability);
    }

    /// <summary>The log-probability of all tokens at each of the limits' temperatures; empty where there are none.</summary>
    public IReadOnlyList<double> TemperedLogProbabilities { get; private set; } = [];

    /// <summary>Adds the log-probabilities of a token at each temperature.</summary>
    public void AddTempered(IEnumerable<double> logProbabilities) =>
        TemperedLogProbabilities = TemperedLogProbabilities.Count == 0
            ? [.. logProbabilities]
            : [.. TemperedLogProbabilities.Zip(logProbabilities, (before, one) => before + one)];

    public void AddTop((int Token, float LogProbability)[] top) => _top.Add(top);
}
