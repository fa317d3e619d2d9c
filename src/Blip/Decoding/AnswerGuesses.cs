using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>
/// Which first tokens answered questions that begin alike ("is there", "what color"), learnt as answers are found. The decoder's time is
/// that of reading its weights: it can read a few likely first tokens in the pass that reads the start token, and where one of them is what
/// the search finds, the next pass is saved. A guess changes no answer; the last digits of its probabilities may depend on it, as they do
/// on questions that share a run. Thread-safe.
/// </summary>
internal sealed class AnswerGuesses
{
    /// <summary>With the start token four rows, which take a pass half as long again as one.</summary>
    public const int Count = 3;

    private const int OpeningTokens = 2;
    private const int LeastSeen = 4, Forgetting = 256, MostOpenings = 4096, MostTokens = 8;

    /// <summary>From this share of right guesses on, what hits save exceeds what misses cost.</summary>
    private const double LeastShare = 0.6;

    private readonly Dictionary<(int, int), Opening> _openings = [];
    private readonly Lock _gate = new();

    /// <summary>Likely first tokens of the answer, or none where guessing would not pay.</summary>
    /// <param name="question">The question's ids, [CLS] (or what takes its place) first.</param>
    public int[] For(ReadOnlySpan<int> question)
    {
        lock (_gate)
            return _openings.TryGetValue(Key(question), out Opening? opening) ? opening.Guess() : [];
    }

    /// <summary>Learns how an answer began.</summary>
    public void Learn(ReadOnlySpan<int> question, int token)
    {
        lock (_gate)
        {
            ref Opening? opening = ref CollectionsMarshal.GetValueRefOrAddDefault(_openings, Key(question), out _);
            (opening ??= new Opening()).Learn(token);
            if (_openings.Count > MostOpenings)
                _openings.Clear();
        }
    }

    private static (int, int) Key(ReadOnlySpan<int> question) => (At(question, 1), At(question, OpeningTokens));

    private static int At(ReadOnlySpan<int> question, int place) => place < question.Length ? question[place] : -1;

    private sealed class Opening
    {
        /// <summary>The most frequent first.</summary>
        private readonly List<(int Token, int Seen)> _tokens = new(MostTokens);
        private int _seen;

        public int[] Guess()
        {
            ReadOnlySpan<(int Token, int Seen)> best = CollectionsMarshal.AsSpan(_tokens)[..Math.Min(Count, _tokens.Count)];
            int right = 0;
            foreach ((_, int seen) in best)
                right += seen;
            // Always as many rows, so that the pass is computed in the same way.
            if (best.Length == 0 || _seen < LeastSeen || right < LeastShare * _seen)
                return [];
            int[] guesses = new int[Count];
            for (int i = 0; i < Count; i++)
                guesses[i] = best[Math.Min(i, best.Length - 1)].Token;
            return guesses;
        }

        public void Learn(int token)
        {
            int place = _tokens.FindIndex(known => known.Token == token);
            if (place >= 0)
                _tokens[place] = (token, _tokens[place].Seen + 1);
            else if (_tokens.Count < MostTokens)
                _tokens.Add((token, 1));
            else
                _tokens[^1] = (token, 1);
            if (++_seen >= Forgetting)
            {
                _seen /= 2;
                for (int i = 0; i < _tokens.Count; i++)
                    _tokens[i] = (_tokens[i].Token, _tokens[i].Seen / 2);
            }
            _tokens.Sort((a, b) => b.Seen.CompareTo(a.Seen));
        }
    }
}
