using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// Several token sequences as one: ids end to end, positions restarting, and a mask that keeps each to itself, so that a
/// question's states do not depend on its neighbours and nothing is ever padded.
/// </summary>
internal static class QuestionPack
{
    /// <summary>What the mask adds to a score that must not count: its exponential is 0, and fp16 can say it.</summary>
    public const float Masked = -65504;

    /// <summary>The tokens of all questions together.</summary>
    public static int CountTokens(ReadOnlySpan<int[]> questions)
    {
        int tokens = 0;
        foreach (int[] question in questions)
            tokens += question.Length;
        return tokens;
    }

    /// <summary>The inputs <c>ids</c> [T], <c>pos</c> [T] and <c>bias</c> [1, 1, T, T]. The caller disposes them.</summary>
    public static (OrtValue Ids, OrtValue Positions, OrtValue Bias) Pack(ReadOnlySpan<int[]> questions)
    {
        int total = CountTokens(questions);
        long[] ids = new long[total], positions = new long[total];
        float[] bias = new float[total * total];
        Array.Fill(bias, Masked);
        int start = 0;
        foreach (int[] question in questions)
        {
            for (int i = 0; i < question.Length; i++)
            {
                ids[start + i] = question[i];
                positions[start + i] = i;
                bias.AsSpan(((start + i) * total) + start, question.Length).Clear();
            }
            start += question.Length;
        }
        return (OrtValue.CreateTensorValueFromMemory(ids, [total]), OrtValue.CreateTensorValueFromMemory(positions, [total]),
            OrtValue.CreateTensorValueFromMemory(bias, [1, 1, total, total]));
    }
}
