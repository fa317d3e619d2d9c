namespace Blip.Decoding;

/// <summary>The answers that a question may have, as tokens. Immutable.</summary>
internal sealed class ChoiceList
{
    /// <summary>The places of the choices in the order of their tokens, in which shared beginnings stand side by side.</summary>
    private readonly int[] _order;

    /// <param name="tokens">The tokens of each choice, the end token included. One or more, all different.</param>
    /// <param name="keep">
    /// As many are ranked as begin with the most likely tokens, with label smoothing, as the original code does it; 0 for all, exactly.
    /// </param>
    /// <param name="perToken">Whether a score is divided by the number of tokens.</param>
    public ChoiceList(IReadOnlyList<int[]> tokens, int keep, bool perToken)
    {
        (Tokens, Keep, PerToken) = (tokens, keep, perToken);
        _order = [.. Enumerable.Range(0, tokens.Count)];
        Array.Sort(_order, (a, b) => tokens[a].AsSpan().SequenceCompareTo(tokens[b]));
        for (int i = 0; i < _order.Length; i++)
            Rows += tokens[_order[i]].Length - (i == 0 ? 0 : tokens[_order[i]].AsSpan().CommonPrefixLength(tokens[_order[i - 1]]));
    }

    public IReadOnlyList<int[]> Tokens { get; }

    public int Keep { get; }

    public bool PerToken { get; }

    /// <summary>About how many rows the decoder reads for all of them.</summary>
    public int Rows { get; }

    /// <summary>Two choices with the same tokens, or <see langword="null"/>.</summary>
    public (int First, int Second)? FindEqual()
    {
        for (int i = 1; i < _order.Length; i++)
        {
            if (Tokens[_order[i]].AsSpan().SequenceEqual(Tokens[_order[i - 1]]))
                return (Math.Min(_order[i - 1], _order[i]), Math.Max(_order[i - 1], _order[i]));
        }
        return null;
    }

    /// <summary>The places of all choices, or of those that are kept, so that shared beginnings stand side by side.</summary>
    /// <param name="firstTokens">
    /// What comes first, or <see langword="null"/> for all. Of choices that begin with the same token those go first that stand first.
    /// </param>
    public int[] InOrder(float[]? firstTokens)
    {
        if (firstTokens is null)
            return _order;
        HashSet<int> kept = [.. Enumerable.Range(0, Tokens.Count).OrderByDescending(choice => firstTokens[choice]).Take(Keep)];
        return [.. _order.Where(kept.Contains)];
    }
}
