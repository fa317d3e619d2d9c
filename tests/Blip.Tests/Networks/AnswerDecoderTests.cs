using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Graphs;
using Blip.Networks;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Networks;

/// <summary>Long answers move into sequences of their own and back; each answer's logits stay those that it has alone.</summary>
public sealed class AnswerDecoderTests : IDisposable
{
    private const int Answers = 5, States = 7;

    /// <summary>Last digits differ with the rows of a product. A wrong row among those that are seen makes 0.1 and more.</summary>
    private const float Tolerance = 1e-4f;

    private readonly Checkpoint _checkpoint = Checkpoint.Open(TestPaths.DemoModel);
    private readonly SessionFactory _sessions;
    private readonly TextDecoder _decoder;
    private readonly RunControl _control = new(CancellationToken.None);
    private readonly Random _random = new(3);

    public AnswerDecoderTests()
    {
        _sessions = DemoNetwork.Sessions(_checkpoint, BlipPrecision.Fp32);
        _decoder = new TextDecoder(_sessions, KeyValueGraph.ForDecoder);
    }

    public void Dispose()
    {
        _control.Dispose();
        _decoder.Dispose();
        _sessions.Dispose();
        _checkpoint.Dispose();
    }

    /// <summary>One is a token ahead, as after a right guess; they end one after the other, and the last goes on in two ways.</summary>
    [Fact]
    public void Step_LongAnswersThatEndOneByOne_GivesWhatEachGivesAlone()
    {
        int[] lengths = [30, 12, 21, 13, 30];
        float[][] states = [.. Enumerable.Range(0, Answers).Select(_ => RandomStates())];
        int[][] tokens = [.. lengths.Select(length => RandomTokens(length + 1))];
        // The second time, the cache is one that another decoder had.
        for (int round = 0; round < 2; round++)
        {
            using AnswerDecoder together = Decoder(states);
            Answer(together);
            together.Forget();
            Answer(together);
        }

        void Answer(AnswerDecoder together)
        {
            float[][][] alone = [.. states.Select((one, answer) => Alone(one, tokens[answer]))];
            int[] last = new int[Answers];
            int read = 0;
            List<DecoderRow> rows = [.. tokens.Select((row, answer) => new DecoderRow(answer, row[0], DecoderRow.None))];
            rows.Add(new DecoderRow(0, tokens[0][1], Parent: 0));
            for (int place = 0; rows.Count > 0; place++)
            {
                ReadOnlySpan<float> logits = together.Step(rows.ToArray());
                int[] places = new int[Answers];
                for (int i = 0; i < rows.Count; i++)
                {
                    int answer = rows[i].Answer, at = answer == 0 && (place > 0 || i >= Answers) ? place + 1 : place;
                    AssertSame(alone[answer][at], logits.Slice(i * together.VocabularySize, together.VocabularySize));
                    (last[answer], places[answer]) = (read + i, at + 1);
                }
                read += rows.Count;
                rows = [.. Enumerable.Range(0, Answers).Where(answer => places[answer] > 0 && places[answer] < lengths[answer])
                    .Select(answer => new DecoderRow(answer, tokens[answer][places[answer]], last[answer]))];
            }

            // Two ways to go on: rows of one answer, so one sequence again.
            int other = tokens[4][^1] + 1;
            ReadOnlySpan<float> branches = together.Step(
            [
                new DecoderRow(4, tokens[4][^1], last[4]), new DecoderRow(4, other, last[4]),
            ]);
            AssertSame(alone[4][^1], branches[..together.VocabularySize]);
            AssertSame(Alone(states[4], [.. tokens[4][..^1], other])[^1], branches[together.VocabularySize..]);
        }
    }

    private static void AssertSame(float[] expected, ReadOnlySpan<float> actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(actual[i], expected[i] - Tolerance, expected[i] + Tolerance);
    }

    /// <summary>The logits after each token, one token a pass.</summary>
    private float[][] Alone(float[] states, int[] tokens)
    {
        using AnswerDecoder decoder = Decoder([states]);
        return [.. tokens.Select((token, i) => decoder.Step([new DecoderRow(0, token, i - 1)]).ToArray())];
    }

    private AnswerDecoder Decoder(float[][] states)
    {
        float[] all = [.. states.SelectMany(one => one)];
        return _decoder.Decode(all, [.. Enumerable.Repeat(States, states.Length)], _control);
    }

    private float[] RandomStates() =>
        [.. Enumerable.Range(0, States * _checkpoint.Config.Text.HiddenSize).Select(_ => (2 * _random.NextSingle()) - 1)];

    private int[] RandomTokens(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _random.Next(_checkpoint.Config.Text.VocabSize - 1))];
}
