using System.Diagnostics;
using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>Damaged headers, configurations, indexes and pickles: one clear error or the right tensors, never a crash or a hang.</summary>
[Trait("Category", "Long")]
public class MutatedCheckpointTests
{
    /// <summary>Each file whose structure is read, and how much of its beginning and end that structure takes.</summary>
    public static TheoryData<string, string, int, int> Files => new()
    {
        { "base", "model.safetensors", 14_000, 0 },
        { "base", "config.json", 2_000, 0 },
        { "base", "preprocessor_config.json", 500, 0 },
        { "form-sharded", "model.safetensors.index.json", 15_000, 0 },
        { "form-bin", "pytorch_model.bin", 25_000, 25_000 },
        { "form-bin-legacy", "pytorch_model.bin", 40_000, 0 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Open_MutatedHeader_IsReadOrRefused(string model, string file, int head, int tail)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy(model, folder.Path);
        string path = Path.Combine(folder.Path, file);
        byte[] original = File.ReadAllBytes(path);
        Random random = new(file.Length + head);
        Stopwatch clock = new();
        int refused = 0, runs = TestScale.Of(100_000 / 6);
        for (int run = 0; run < runs; run++)
        {
            File.WriteAllBytes(path, Mutate(original, Math.Min(head, original.Length), tail, random));
            clock.Restart();
            try
            {
                using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
                Assert.Equal(2, checkpoint.Config.Text.NumHiddenLayers);
            }
            catch (BlipModelException error)
            {
                refused++;
                Assert.DoesNotContain('\n', error.Message);
                Assert.InRange(error.Message.Length, 20, 1000);
            }
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"run {run} took {clock.Elapsed}");
        }
        Assert.True(refused > runs / 10, $"{refused} of {runs} were refused");
    }

    private static byte[] Mutate(byte[] original, int head, int tail, Random random)
    {
        byte[] bytes = [.. original];
        switch (random.Next(6))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                int from = random.Next(head), count = Math.Min(random.Next(1, 40), bytes.Length - from);
                return [.. bytes[..from], .. bytes[(from + count)..]];
            case 2:
                int at = random.Next(head);
                byte[] extra = new byte[random.Next(1, 40)];
                random.NextBytes(extra);
                return [.. bytes[..at], .. extra, .. bytes[at..]];
            default:
                for (int n = random.Next(1, 8); n > 0; n--)
                {
                    bool atEnd = tail > 0 && random.Next(2) == 0;
                    int place = atEnd ? bytes.Length - 1 - random.Next(Math.Min(tail, bytes.Length)) : random.Next(head);
                    bytes[place] = random.Next(3) switch
                    {
                        0 => (byte)(bytes[place] ^ (1 << random.Next(8))),
                        1 => (byte)"0123456789{}[]\",:-.eE"[random.Next(21)],
                        _ => (byte)random.Next(256),
                    };
                }
                return bytes;
        }
    }
}
