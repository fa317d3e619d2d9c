using Blip.Networks;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Blip.Tests.Networks;

/// <summary>The memory that a decoder's passes write in place.</summary>
public class DecoderCacheTests
{
    private const int Tensors = 2, Heads = 3, HeadWidth = 4, Vocabulary = 5;

    [Fact]
    public void Reserve_MoreThanThereIsRoomFor_KeepsWhatWasRead()
    {
        DecoderCache cache = new(Vocabulary, Tensors, Heads, HeadWidth, cache => cache.Free());
        using (cache)
        {
            OrtValue[] before = cache.Reserve(total: 10, read: 0);
            int room = Room(before[0]);
            for (int tensor = 0; tensor < Tensors; tensor++)
            {
                Span<float> values = before[tensor].GetTensorMutableDataAsSpan<float>();
                for (int i = 0; i < values.Length; i++)
                    values[i] = Expected(tensor, i / HeadWidth / room, i / HeadWidth % room, i % HeadWidth);
            }
            Assert.Same(before, cache.Reserve(total: room, read: 10));

            OrtValue[] after = cache.Reserve(total: room + 1, read: room);
            int grown = Room(after[0]);
            Assert.True(grown > room);
            for (int tensor = 0; tensor < Tensors; tensor++)
            {
                ReadOnlySpan<float> values = after[tensor].GetTensorDataAsSpan<float>();
                for (int head = 0; head < Heads; head++)
                {
                    for (int i = 0; i < room * HeadWidth; i++)
                        Assert.Equal(Expected(tensor, head, i / HeadWidth, i % HeadWidth), values[(head * grown * HeadWidth) + i]);
                }
            }
        }
        Assert.Equal(0, cache.Bytes);
    }

    [Fact]
    public void Logits_OfMoreRows_HaveTheirShape()
    {
        using DecoderCache cache = new(Vocabulary, Tensors, Heads, HeadWidth, cache => cache.Free());
        foreach (int rows in (int[])[2, 1, 7])
        {
            using OrtValue logits = cache.Logits(rows);
            Assert.Equal([rows, Vocabulary], logits.GetTensorTypeAndShape().Shape);
        }
        Assert.Equal(7 * Vocabulary * sizeof(float), cache.Bytes);
    }

    private static int Room(OrtValue tensor) => (int)tensor.GetTensorTypeAndShape().Shape[2];

    private static float Expected(int tensor, int head, int row, int column) => (((((tensor * 10) + head) * 100) + row) * 10) + column;
}
