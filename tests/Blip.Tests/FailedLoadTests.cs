using Xunit;

namespace Blip.Tests;

/// <summary>A load that fails, wherever it does, gives back what it took: no file stays mapped.</summary>
[Trait("Category", "Long")]
public sealed class FailedLoadTests
{
    /// <summary>The stages that are not of <see cref="LoadStage.Preparing"/>, its begin, and each step of it that is done.</summary>
    private const int Reports = 7;

    public static TheoryData<BlipPrecision, int> EveryReport
    {
        get
        {
            TheoryData<BlipPrecision, int> data = [];
            for (int i = 0; i < Reports; i++)
            {
                data.Add(BlipPrecision.Fp32, i);
                data.Add(BlipPrecision.Int8, i);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(EveryReport))]
    public async Task Load_ProgressThrows_ThrowsThatAndMapsNothing(BlipPrecision precision, int report)
    {
        using TempFolder folder = new();
        NotSupportedException own = new("of the test");
        Assert.Same(own, await Record.ExceptionAsync(() => LoadAsync(folder, precision, (number, _) =>
        {
            if (number == report)
                throw own;
        })));
        AssertNotMapped(folder);
    }

    [Theory]
    [MemberData(nameof(EveryReport))]
    public async Task Load_CancelledWhenItReports_ThrowsWithTheCallersToken(BlipPrecision precision, int report)
    {
        using TempFolder folder = new();
        using CancellationTokenSource caller = new();
        Exception? error = await Record.ExceptionAsync(() => LoadAsync(folder, precision, (number, _) =>
        {
            if (number == report)
                caller.Cancel();
        }, caller.Token));
        // The last report says that the model is there.
        if (report < Reports - 1 || error is not null)
            Assert.Equal(caller.Token, Assert.IsAssignableFrom<OperationCanceledException>(error).CancellationToken);
        AssertNotMapped(folder);
    }

    [Theory]
    [InlineData(BlipPrecision.Fp32)]
    [InlineData(BlipPrecision.Int8)]
    public async Task Load_FileDeletedWhileTheNetworksAreMade_SaysSoAndMapsNothing(BlipPrecision precision)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows deletes no file that is mapped.");
        using TempFolder folder = new();
        BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(() => LoadAsync(folder, precision, (_, progress) =>
        {
            if (progress is { Stage: LoadStage.Preparing, Done: 0 })
                File.Delete(Path.Combine(folder.Path, "model", "model.safetensors"));
        }));
        Assert.Contains("Load the model again", error.Message, StringComparison.Ordinal);
        AssertNotMapped(folder);
    }

    [Fact]
    public async Task Load_EveryReport_ComesInOrder()
    {
        using TempFolder folder = new();
        List<LoadProgress> reports = [];
        await LoadAsync(folder, BlipPrecision.Fp32, (_, progress) => reports.Add(progress));
        Assert.Equal(Reports, reports.Count);
        Assert.Equal(
            [LoadStage.Reading, .. Enumerable.Repeat(LoadStage.Preparing, Reports - 2), LoadStage.Ready],
            reports.Select(report => report.Stage));
        double[] done = [.. reports[1..^1].Select(report => report.Done!.Value)];
        Assert.Equal(done.Order(), done);
        Assert.Equal((0, 1), (done[0], done[^1]));
    }

    /// <summary>Loads a copy of the demo model in a folder.</summary>
    /// <param name="folder">Where the copy is made.</param>
    /// <param name="precision">In which numbers it computes.</param>
    /// <param name="reported">Gets the number of each report, from 0, and the report.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    private static async Task LoadAsync(
        TempFolder folder, BlipPrecision precision, Action<int, LoadProgress> reported, CancellationToken cancellationToken = default)
    {
        int number = 0;
        BlipOptions options = new()
        {
            Model = folder.Copy(TestPaths.DemoModel, "model"),
            Device = BlipDevice.Cpu,
            Precision = precision,
            CacheDirectory = Path.Combine(folder.Path, "cache"),
        };
        BlipServices services = new() { Progress = new Reporter(progress => reported(number++, progress)) };
        await using BlipModel model = await BlipModel.LoadAsync(options, services, cancellationToken);
    }

    private static void AssertNotMapped(TempFolder folder)
    {
        if (OperatingSystem.IsLinux())
            Assert.DoesNotContain(File.ReadLines("/proc/self/maps"), line => line.Contains(folder.Path, StringComparison.Ordinal));
    }

    private sealed class Reporter(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
