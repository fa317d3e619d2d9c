using System.Globalization;
using Blip.Tests.Checkpoints;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests;

public sealed class ModelDigestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetDigest_QueueFull_IsGivenAllTheSame()
    {
        using ModelMeter meter = new();
        using HeldRun held = new(meter);
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu, MaxRequests = 1 }, new BlipServices { MeterFactory = meter }, Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Task<Answer> question = model.AskAsync(image, "is there a cat?", cancellationToken: Stop);
        await Assert.ThrowsAsync<BlipBusyException>(() => model.AskAsync(image, "is there a cat?", cancellationToken: Stop));
        Assert.Equal(CheckpointDigestTests.DemoDigest, await model.GetDigestAsync(Stop));
        held.Dispose();
        Assert.Equal("no", (await question).Text);
    }

    [Fact]
    public async Task GetDigest_AThousandCallersAtOnce_TakeOneThreadOfThePool()
    {
        const int Callers = 1000;
        await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        Task<string>[] digests = [.. Enumerable.Range(0, Callers).Select(_ => model.GetDigestAsync(Stop))];
        // Whoever waits in a thread of the pool keeps it from those who ask questions.
        Assert.InRange(ThreadPool.PendingWorkItemCount, 0, Callers / 4);
        Assert.All(await Task.WhenAll(digests), digest => Assert.Equal(CheckpointDigestTests.DemoDigest, digest));
    }

    [Fact]
    public async Task GetDigest_AfterOneThatWasCancelled_IsGiven()
    {
        await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        using CancellationTokenSource caller = new();
        await caller.CancelAsync();
        OperationCanceledException error =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.GetDigestAsync(caller.Token));
        Assert.Equal(caller.Token, error.CancellationToken);
        Assert.Equal(CheckpointDigestTests.DemoDigest, await model.GetDigestAsync(Stop));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetDigest_Disposed_SaysThatTheModelIs(bool isKnown)
    {
        BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        if (isKnown)
            await model.GetDigestAsync(Stop);
        await model.DisposeAsync();
        ObjectDisposedException error = await Assert.ThrowsAsync<ObjectDisposedException>(() => model.GetDigestAsync(Stop));
        Assert.Equal(typeof(BlipModel).FullName, error.ObjectName);
    }

    [Fact]
    public async Task GetDigest_InAnyCulture_IsTheSame()
    {
        foreach (CultureInfo culture in TestCultures.All)
        {
            Assert.Equal(CheckpointDigestTests.DemoDigest, await TestCultures.RunAsync(culture, async () =>
            {
                await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
                return await model.GetDigestAsync(Stop);
            }));
        }
    }
}
