using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>
/// Lets answers begin with prompts, of which the search knows nothing: where it reads the start token, the prompt is read after it in the
/// same pass, and the search gets the logits after the prompt.
/// </summary>
/// <param name="decoder">Reads the tokens.</param>
/// <param name="prompts">The tokens after the start token, for each answer.</param>
internal sealed class PromptedDecoder(IAnswerDecoder decoder, int[][] prompts) : IAnswerDecoder
{
    /// <summary>For each row of the search the last row that was read for it.</summary>
    private readonly List<int> _last = [];
    private int _read;

    public int VocabularySize => decoder.VocabularySize;

    public ReadOnlySpan<float> Step(ReadOnlySpan<DecoderRow> rows)
    {
        int before = _last.Count, begin = _read;
        List<DecoderRow> all = new(rows.Length);
        foreach (DecoderRow row in rows)
        {
            Add(row with { Parent = row.Parent == DecoderRow.None ? DecoderRow.None : _last[row.Parent] });
            if (row.Parent == DecoderRow.None)
            {
                foreach (int token in prompts[row.Answer])
                    Add(new DecoderRow(row.Answer, token, _read - 1));
            }
            _last.Add(_read - 1);
        }
        ReadOnlySpan<float> logits = decoder.Step(CollectionsMarshal.AsSpan(all));
        if (all.Count == rows.Length)
            return logits;
        float[] wanted = new float[rows.Length * VocabularySize];
        for (int i = 0; i < rows.Length; i++)
        {
            int row = _last[before + i] - begin;
            logits.Slice(row * VocabularySize, VocabularySize).CopyTo(wanted.AsSpan(i * VocabularySize));
        }
        return wanted;

        void Add(DecoderRow row)
        {
            all.Add(row);
            _read++;
        }
    }

    public void Forget()
    {
        decoder.Forget();
        _last.Clear();
        _read = 0;
    }
}
