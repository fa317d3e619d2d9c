using Blip.AI;
using Blip.Images;
using Blip.Skia;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Blip.Plugin.Tests;

/// <summary>The model of an application, from its first use to its end.</summary>
public sealed class BlipServiceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dispose_TwiceWhileAQuestionIsAnswered_BothWait()
    {
        using HeldDecoder decoder = new();
        await using ServiceProvider services = new ServiceCollection().AddSingleton<IImageDecoder>(decoder).BuildServiceProvider();
        BlipService service = new(Options.Create(new BlipOptions { Device = BlipDevice.Cpu }), services);
        await service.GetModelAsync(cancellationToken: Stop);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Task<Answer> question = service.AskAsync(image, "is there a cat?", cancellationToken: Stop);
        await decoder.Entered.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        Task first = service.DisposeAsync().AsTask(), second = service.DisposeAsync().AsTask();
        await Task.Delay(50, Stop);
        Assert.False(first.IsCompleted || second.IsCompleted);
        decoder.Release();
        await Task.WhenAll(first, second);
        Assert.Equal("no", (await question).Text);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.GetModelAsync(cancellationToken: Stop));
    }

    [Fact]
    public async Task Dispose_WhileTheModelIsLoaded_TellsThoseWhoWaitThatItIsDisposed()
    {
        BlipService service = Create();
        using HeldProgress progress = new();
        Task<BlipModel> first = service.GetModelAsync(progress, Stop);
        Task<Answer> second = service.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), "is there a cat?");
        await progress.Entered.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        Task disposal = service.DisposeAsync().AsTask();
        progress.Release();
        await disposal;
        // Neither has cancelled anything.
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => second);
    }

    [Fact]
    public async Task GetModel_CallbackOfAnotherCallerThrows_LoadsAllTheSame()
    {
        await using BlipService service = Create();
        int reports = 0;
        Task<BlipModel> careless = service.GetModelAsync(new Callback(_ => throw new InvalidOperationException("of the test")), Stop);
        Task<BlipModel> other = service.GetModelAsync(new Callback(_ => reports++), Stop);
        Assert.Same(await other, await careless);
        Assert.True(reports > 0);
    }

    [Fact]
    public async Task Dispose_ThreadOfTheContextIsBlocked_Ends()
    {
        BlipService service = Create();
        await service.GetModelAsync(cancellationToken: Stop);
        // As a window that closes waits for it: what is posted to its thread never runs.
        bool ended = await Task.Factory.StartNew(
            () =>
            {
                SynchronizationContext.SetSynchronizationContext(new BlockedContext());
                return service.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(30), Stop);
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(ended);
    }

    private static BlipService Create() => new(Options.Create(new BlipOptions { Device = BlipDevice.Cpu }));

    private sealed class BlockedContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    private sealed class Callback(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }

    /// <summary>Holds a load at its first report.</summary>
    private sealed class HeldProgress : IProgress<LoadProgress>, IDisposable
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Task Entered => _entered.Task;

        public void Release() => _released.Set();

        public void Report(LoadProgress value)
        {
            _entered.TrySetResult();
            _released.Wait(Stop);
        }

        public void Dispose() => _released.Dispose();
    }

    private sealed class HeldDecoder : IImageDecoder, IDisposable
    {
        private readonly SkiaImageDecoder _decoder = new();
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Task Entered => _entered.Task;

        public void Release() => _released.Set();

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            _entered.TrySetResult();
            _released.Wait(cancellationToken);
            _decoder.Decode(data, header, rows, cancellationToken);
        }

        public void Dispose() => _released.Dispose();
    }
}
