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
