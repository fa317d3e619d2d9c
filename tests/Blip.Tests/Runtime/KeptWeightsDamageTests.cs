using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>Kept weights that are damaged: no number changes, and the file is whole again after one start.</summary>
[Trait("Category", "Long")]
public sealed class KeptWeightsDamageTests : IDisposable
{
    private readonly TempFolder _cache = new();
    private readonly KeptModel _model;

    public KeptWeightsDamageTests() => _model = new KeptModel(_cache.Path);

    public static TheoryData<string, int> Damages => new()
    {
        { "flip", TestScale.Of(500) }, { "zeros", TestScale.Of(100) }, { "cut", TestScale.Of(40) }, { "data zeroed", 1 },
        { "all zeroed", 1 }, { "longer", 1 },
    };

    public void Dispose() => _cache.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damaged_IsMadeAnew_AndTheAnswerIsRight(string kind, int rounds)
    {
        float[] right = await _model.AskAsync();
        string file = _model.File;
        byte[] whole = await File.ReadAllBytesAsync(file);
        int data = 8 + (int)BitConverter.ToInt64(whole);
        Random random = new(4);
        for (int round = 0; round < rounds; round++)
        {
            byte[] damaged = [.. whole];
            switch (kind)
            {
                case "flip":
                    // As many in the header and its length as in the weights, and some in the checksums at the end.
                    (int from, int to) = (round % 5) switch
                    {
                        0 or 1 => (0, data),
                        2 or 3 => (data, whole.Length),
                        _ => (whole.Length - 600, whole.Length),
                    };
                    damaged[random.Next(from, to)] ^= (byte)(1 << random.Next(8));
                    break;
                case "zeros":
                    int length = Math.Min(4096, whole.Length / 4);
                    damaged.AsSpan(random.Next(whole.Length - length), length).Clear();
                    break;
                case "cut":
                    damaged = damaged[..random.Next(whole.Length)];
                    break;
                case "data zeroed":
                    damaged.AsSpan(data).Clear();
                    break;
                case "all zeroed":
                    damaged.AsSpan().Clear();
                    break;
                default:
                    damaged = [.. damaged, 0];
                    break;
            }
            if (damaged.AsSpan().SequenceEqual(whole))
                continue;
            await File.WriteAllBytesAsync(file, damaged);
            Assert.Equal(right, await _model.AskAsync());
            Assert.True(Enumerable.SequenceEqual(whole, await File.ReadAllBytesAsync(file)), $"{kind}, round {round}: not mended");
            Assert.Contains("computed again", Assert.Single(_model.Warnings), StringComparison.Ordinal);
        }
        Assert.Equal(right, await _model.AskAsync());
        Assert.Empty(_model.Warnings);
    }
}
