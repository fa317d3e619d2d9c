using System.Diagnostics;
using Blip.Images;
using Blip.ImageSharp;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>Work that does not return holds no caller.</summary>
public class BoundedTests
{
    [Fact]
    public void Run_WorkThatDoesNotReturn_TimesOutAndItsLateResultIsDisposed()
    {
        using ManualResetEventSlim release = new();
        using Result result = new();
        long begin = Stopwatch.GetTimestamp();

        BlipException failure = Assert.Throws<BlipException>(() => Bounded.Run(
            () =>
            {
                release.Wait();
                return result;
            },
            TimeSpan.FromMilliseconds(100), CancellationToken.None));

        Assert.Equal(BlipErrorCode.Timeout, failure.Code);
        Assert.Contains("0.1 s", failure.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(5));
        Assert.False(result.Disposed.IsSet);
        release.Set();
        Assert.True(result.Disposed.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ask_DecoderDoesNotReturn_IsTimeoutAndCounted()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using ModelMeter meter = new();
        using StuckDecoder decoder = new();
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { Decoder = decoder, MeterFactory = meter }, stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        BlipException failure = await Assert.ThrowsAsync<BlipException>(
            () => model.AskAsync(image, "is there a cat?", cancellationToken: stop));
        Assert.Equal(BlipErrorCode.Timeout, failure.Code);
        Assert.Equal([1], meter.Values("blip.image.decode.timeouts"));
    }

    [Fact]
    public void Run_CallerLeaves_DoesNotWait()
    {
        using ManualResetEventSlim release = new();
        using CancellationTokenSource caller = new(TimeSpan.FromMilliseconds(50));

        Assert.ThrowsAny<OperationCanceledException>(() => Bounded.Run(
            () =>
            {
                release.Wait();
                return new Result();
            },
            TimeSpan.FromMinutes(5), caller.Token));

        release.Set();
    }

    [Fact]
    public void Run_WorkThatFails_GivesItsException()
        => Assert.Throws<InvalidDataException>(() => Bounded.Run<Result>(
            () => throw new InvalidDataException(), TimeSpan.FromMinutes(5), CancellationToken.None));

    private sealed class Result : IDisposable
    {
        public ManualResetEventSlim Disposed { get; } = new();

        public void Dispose() => Disposed.Set();
    }

    private sealed class StuckDecoder : IImageDecoder, IDisposable
    {
        private readonly TaskCompletionSource _release = new();

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
            => Bounded.Run<Result>(
                () =>
                {
                    _release.Task.GetAwaiter().GetResult();
                    return new Result();
                },
                TimeSpan.FromMilliseconds(50), cancellationToken);

        public void Dispose() => _release.SetResult();
    }
}
