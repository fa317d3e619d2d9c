using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>
/// Weights that are read while another thread disposes the checkpoint. Without a hold on the map, the process would end here.
/// </summary>
[Trait("Category", "Long")]
public class CheckpointLifetimeTests
{
    private const string Words = "text_decoder.bert.embeddings.word_embeddings.weight";

    /// <summary>Each way to read weights. The buffer is large enough for any tensor of the demo model.</summary>
    private static readonly Dictionary<string, Action<Checkpoint, float[]>> Readers = new(StringComparer.Ordinal)
    {
        ["CopyTo"] = (checkpoint, buffer) => checkpoint.Tensors[Words].CopyTo(buffer),
        ["Hash"] = (checkpoint, _) => checkpoint.Tensors[Words].Hash(),
        ["IsFinite"] = (checkpoint, _) => checkpoint.Tensors[Words].IsFinite(),
        ["ComputeDigest"] = (checkpoint, _) => checkpoint.ComputeDigest(),
        ["FindNonFiniteTensor"] = (checkpoint, _) => checkpoint.FindNonFiniteTensor(),
        ["ReleasePages"] = (checkpoint, _) => checkpoint.ReleasePages(),
    };

    public static TheoryData<string> ReaderNames => [.. Readers.Keys];

    [Theory]
    [MemberData(nameof(ReaderNames))]
    public async Task Dispose_WhileAnotherThreadReads_EndsTheReaderCleanly(string reader)
    {
        for (int round = 0; round < 50; round++)
        {
            Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
            float[] buffer = new float[checkpoint.Tensors[Words].ElementCount];
            using ManualResetEventSlim started = new();
            bool disposed = false;
            Task reading = Task.Factory.StartNew(
                () =>
                {
                    started.Set();
                    // A digest or a verdict that is remembered needs no weights, and ends without an error.
                    do
                        Readers[reader](checkpoint, buffer);
                    while (!Volatile.Read(ref disposed));
                    Readers[reader](checkpoint, buffer);
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            started.Wait(TestContext.Current.CancellationToken);
            Thread.SpinWait(round * 1000);
            checkpoint.Dispose();
            Volatile.Write(ref disposed, true);
            if (reader == "FindNonFiniteTensor" && await Record.ExceptionAsync(() => reading) is null)
                continue;
            ObjectDisposedException error = await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
            Assert.Equal(typeof(Checkpoint).FullName, error.ObjectName);
        }
    }

    [Theory]
    [MemberData(nameof(ReaderNames))]
    public void Dispose_Twice_IsOnce_AndItsReadersSaySo(string reader)
    {
        Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        float[] buffer = new float[checkpoint.Tensors[Words].ElementCount];
        checkpoint.Dispose();
        checkpoint.Dispose();
        ObjectDisposedException error = Assert.Throws<ObjectDisposedException>(() => Readers[reader](checkpoint, buffer));
        Assert.Equal(typeof(Checkpoint).FullName, error.ObjectName);
    }

    [Fact]
    public void ComputeDigest_DisposedAfterItWasComputed_SaysSo()
    {
        Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("base"));
        checkpoint.ComputeDigest();
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(checkpoint.ComputeDigest);
    }

    [Fact]
    public void Dispose_UnderAHold_UnmapsWhenTheHoldEnds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists the maps of a process.");
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "weights");
        File.WriteAllBytes(path, [1, 2, 3]);
        MappedFile file = MappedFile.Open(folder.Path, "weights");
        using (file.Hold())
        {
            file.Dispose();
            file.Dispose();
            Assert.True(IsMapped(path));
            Assert.Equal([1, 2, 3], file.Span(0, 3).ToArray());
            Assert.Throws<ObjectDisposedException>(() => file.Hold().Dispose());
        }
        Assert.False(IsMapped(path));
    }

    [Fact]
    public async Task FindNonFiniteTensor_FromManyThreads_IsOneVerdict_ThatNeedsNoWeightsLater()
    {
        Checkpoint checkpoint = Checkpoint.Open(TestPaths.Golden("models", "bad", "nan"));
        string?[] verdicts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(checkpoint.FindNonFiniteTensor)));
        checkpoint.Dispose();
        Assert.All(verdicts, verdict => Assert.NotNull(verdict));
        Assert.Same(verdicts[0], checkpoint.FindNonFiniteTensor());
    }

    private static bool IsMapped(string path) =>
        File.ReadLines("/proc/self/maps").Any(line => line.EndsWith(path, StringComparison.Ordinal));
}
