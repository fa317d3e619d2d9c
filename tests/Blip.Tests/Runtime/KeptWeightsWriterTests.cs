using Blip.Checkpoints;
using Blip.Files;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>Writers of kept weights that do not come to their end.</summary>
public sealed class KeptWeightsWriterTests : IDisposable
{
    private readonly TempFolder _cache = new();
    private readonly KeptModel _model;

    public KeptWeightsWriterTests() => _model = new KeptModel(_cache.Path);

    public void Dispose() => _cache.Dispose();

    [Fact]
    [Trait("Category", "Long")]
    public async Task PowerCut_BeforeAnyOperation_TheNextStartIsRight()
    {
        float[] right = await _model.AskAsync();
        string name = Path.GetFileName(_model.File);
        byte[] whole = await File.ReadAllBytesAsync(_model.File);
        using KeptWeights good = KeptWeights.Open(_cache.Path, name)!;
        WeightBytes[] weights = [.. good.Right];
        int started = 0, step = 100 / TestScale.Of(20);
        for (int operations = 0; ; operations++)
        {
            PowerCutDisk disk = new(operations);
            using (TempFolder before = new())
            using (Checkpoint checkpoint = Checkpoint.Open(KeptModel.Base))
            using (WeightCache? cache = WeightCache.Open(checkpoint, before.Path, out _, disk))
                cache!.Save(weights);
            foreach ((bool names, bool lengths) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
            {
                using TempFolder after = new();
                disk.WriteTo(after.Path, names, lengths);
                string file = Path.Combine(after.Path, name);
                if (File.Exists(file))
                    Assert.True(Enumerable.SequenceEqual(whole, await File.ReadAllBytesAsync(file)), $"torn before operation {operations}");
                if (disk.IsCut && operations % step != 0)
                    continue;
                started++;
                Assert.Equal(right, await new KeptModel(after.Path).AskAsync());
                Assert.Equal(whole, await File.ReadAllBytesAsync(file));
                Assert.Empty(Directory.GetFiles(after.Path, "*.partial"));
            }
            if (!disk.IsCut)
                break;
        }
        Assert.InRange(started, 8, int.MaxValue);
    }

    [Fact]
    public async Task FullDisk_IsSaid_AndNothingStays()
    {
        await _model.AskAsync();
        using KeptWeights good = KeptWeights.Open(_cache.Path, Path.GetFileName(_model.File))!;
        using TempFolder full = new();
        using Checkpoint checkpoint = Checkpoint.Open(KeptModel.Base);
        using WeightCache? cache = WeightCache.Open(checkpoint, full.Path, out string? problem, new FullDisk());
        Assert.Null(problem);
        cache!.Save([.. good.Right]);
        Assert.Contains("its disk is full", cache.Problem, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(full.Path));
    }

    [Fact]
    public void FileOfADeadWriter_IsSwept_AndThatOfALivingOneStays()
    {
        string dead = Path.Combine(_cache.Path, $"{new string('b', 32)}.partial"),
            living = Path.Combine(_cache.Path, $"{new string('a', 32)}.partial"), other = Path.Combine(_cache.Path, "notes.partial");
        File.WriteAllText(dead, "half");
        File.WriteAllText(other, "of a user");
        using (SystemDisk.Instance.Create(living))
        {
            CacheFolder.Open(_cache.Path, SystemDisk.Instance);
            Assert.Equal([living, other], Directory.GetFiles(_cache.Path).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task FolderThatCannotBe_IsOneWarning()
    {
        string file = Path.Combine(_cache.Path, "file");
        await File.WriteAllTextAsync(file, "");
        KeptModel model = new(Path.Combine(file, "below"));
        await model.AskAsync();
        Assert.Contains("cannot be kept", Assert.Single(model.Warnings), StringComparison.Ordinal);
        KeptModel off = new("");
        await off.AskAsync();
        Assert.Empty(off.Warnings);
    }

    [Fact]
    public void Tilde_IsTheHome()
    {
        Assert.Equal(Path.Combine(HomePath.Home, "x"), HomePath.Expand("~/x"));
        Assert.Equal(HomePath.Home, HomePath.Expand("~"));
        Assert.Equal("/a/~/b", HomePath.Expand("/a/~/b"));
        Assert.Equal("~other", HomePath.Expand("~other"));
    }

    private sealed class FullDisk : IDisk
    {
        public Stream Create(string path) => new FullStream(SystemDisk.Instance.Create(path));

        public void Flush(Stream file) => throw new InvalidOperationException("A full disk was not noticed.");

        public void Rename(string path, string target) => throw new InvalidOperationException("A full disk was not noticed.");

        public void FlushNames(string folder) => throw new InvalidOperationException("A full disk was not noticed.");

        public void Sweep(string path) => SystemDisk.Instance.Sweep(path);

        private sealed class FullStream(Stream file) : MemoryStream
        {
            // Linux's error, and Windows's.
            public override void Write(ReadOnlySpan<byte> buffer) =>
                throw new IOException("full", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);

            protected override void Dispose(bool disposing)
            {
                file.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}
