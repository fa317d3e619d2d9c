using System.Diagnostics;
using Blip.ImageSharp;
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
}
