using System.Buffers;
using System.Numerics.Tensors;

namespace Blip.Decoding;

/// <summary>What a row of logits says about the next token: a softmax that is never written out.</summary>
internal readonly ref struct TokenDistribution
{
    private readonly ReadOnlySpan<float> _logits;
    private readonly int _banned;

    /// <param name="logits">The row.</param>
    /// <param name="banned">A token that must not come next and has no share in the probabilities, or -1.</param>
    /// <exception cref="NonFiniteException">A logit is NaN or infinite: there is no answer.</exception>
    public TokenDistribution(ReadOnlySpan<float> logits, int banned)
    {
        _logits = logits;
        _banned = banned;
        Likeliest = IndexOfMax(logits, banned);
        float max = logits[Likeliest];
        float[] rented = ArrayPool<float>.Shared.Rent(logits.Length);
        Span<float> powers = rented.AsSpan(0, logits.Length);
        TensorPrimitives.Subtract(logits, max, powers);
        TensorPrimitives.Exp(powers, powers);
        if (banned >= 0)
            powers[banned] = 0;
        // A NaN anywhere in the row reaches the sum, so one check covers it all.
        float sum = TensorPrimitives.Sum(powers);
        ArrayPool<float>.Shared.Return(rented);
        if (!float.IsFinite(sum) || !float.IsFinite(max))
            throw new NonFiniteException();
        LogSum = max + MathF.Log(sum);
    }

    /// <summary>The token with the largest logit; of equals the first, as in PyTorch.</summary>
    public int Likeliest { get; }

    /// <summary>The logarithm of the sum of the exponentials: what a logit is above its log-probability.</summary>
    public float LogSum { get; }

    public float LogProbability(int token) => token == _banned ? float.NegativeInfinity : _logits[token] - LogSum;

    /// <summary>As <see cref="LogSum"/>, where all logits are divided by each of some temperatures.</summary>
    public double[] LogSums(double[] temperatures)
    {
        float max = _logits[Likeliest];
        float[] rented = ArrayPool<float>.Shared.Rent(_logits.Length);
        Span<float> powers = rented.AsSpan(0, _logits.Length);
        double[] sums = new double[temperatures.Length];
        for (int i = 0; i < sums.Length; i++)
        {
            TensorPrimitives.Subtract(_logits, max, powers);
            TensorPrimitives.Divide(powers, (float)temperatures[i], powers);
            TensorPrimitives.Exp(powers, powers);
            if (_banned >= 0)
                powers[_banned] = 0;
            sums[i] = (max / temperatures[i]) + Math.Log(TensorPrimitives.Sum<float>(powers));
        }
        ArrayPool<float>.Shared.Return(rented);
        return sums;
    }

    /// <summary>The log-probability of a token at each of those temperatures.</summary>
    /// <param name="token">The token, not the one that is banned.</param>
    /// <param name="temperatures">The temperatures.</param>
    /// <param name="logSums">What <see cref="LogSums"/> gave for them.</param>
    public double[] LogProbabilities(int token, double[] temperatures, double[] logSums)
    {
        double[] all = new double[temperatures.Length];
        for (int i = 0; i < all.Length; i++)
            all[i] = (_logits[token] / temperatures[i]) - logSums[i];
        return all;
    }

    /// <summary>The most likely tokens, best first.</summary>
    public (int Token, float LogProbability)[] Top(int count)
    {
        Span<int> best = stackalloc int[Math.Min(count, _logits.Length)];
        int filled = 0;
        for (int token = 0; token < _logits.Length; token++)
        {
            if (token == _banned || (filled == best.Length && _logits[token] <= _logits[best[^1]]))
                continue;
            int place = filled < best.Length ? filled++ : filled - 1;
            for (; place > 0 && _logits[best[place - 1]] < _logits[token]; place--)
                best[place] = best[place - 1];
            best[place] = token;
        }

        (int, float)[] top = new (int, float)[filled];
        for (int i = 0; i < filled; i++)
            top[i] = (best[i], LogProbability(best[i]));
        return top;
    }

    private static int IndexOfMax(ReadOnlySpan<float> logits, int banned)
    {
        if (banned < 0)
            return TensorPrimitives.IndexOfMax(logits);
        if (banned == 0)
            return 1 + TensorPrimitives.IndexOfMax(logits[1..]);
        int before = TensorPrimitives.IndexOfMax(logits[..banned]);
        if (banned == logits.Length - 1)
            return before;
        int after = banned + 1 + TensorPrimitives.IndexOfMax(logits[(banned + 1)..]);
        return logits[after] > logits[before] ? after : before;
    }
}
