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

    /// <summary>The likeliest first tokens, best first.</summary>
    public IReadOnlyList<(int Token, float LogProbability)> Alternatives { get; set; } = [];

    /// <summary>The likeliest tokens at each place, best first. Empty where the limits ask for none.</summary>
    public IReadOnlyList<(int Token, float LogProbability)[]> Top => _top;

    /// <summary>Whole answers, best first, where beams were searched.</summary>
    public IReadOnlyList<FoundSequence> Sequences { get; set; } = [];

    /// <summary>Choices by their place, best first, where choices were ranked.</summary>
    public IReadOnlyList<(int Choice, double Score)> Ranked { get; set; } = [];

    public void Add(int token, float logProbability)
    {
        _tokens.Add(token);
        _logProbabilities.Add(logProbability);
    }

    public void AddTop((int Token, float LogProbability)[] top) => _top.Add(top);
}
