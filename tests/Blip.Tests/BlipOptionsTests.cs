using System.Reflection;
using Blip.Images;
using Xunit;

namespace Blip.Tests;

public sealed class BlipOptionsTests
{
    [Fact]
    public async Task Load_OptionsChangedAfterwards_ChangeNothing()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        BlipOptions options = new() { Device = BlipDevice.Cpu, MaxConcurrentRuns = 2 };
        BlipModel model = await BlipModel.LoadAsync(options, cancellationToken: stop);
        Change(options);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        string[] questions = [.. Enumerable.Repeat("how many dogs are in the picture?", 20)];
        Task<Answer[]>[] calls = [.. Enumerable.Range(0, 4).Select(_ => model.AskAsync(image, questions, cancellationToken: stop))];
        // A queue whose limits were changed would wait for ever.
        Answer[][] answers = await Task.WhenAll(calls).WaitAsync(TimeSpan.FromMinutes(1), stop);
        Assert.All(answers.SelectMany(call => call), answer => Assert.Equal(("2", "demo"), (answer.Text, answer.Model.Name)));
        Assert.Equal(3, answers.Count(call => call[0].Timing.Vision is null));
        await model.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), stop);
    }

    [Theory]
    [InlineData((BlipDevice)77, BlipPrecision.Default)]
    [InlineData(BlipDevice.Cpu, (BlipPrecision)(-1))]
    public async Task Load_DeviceOrPrecisionThatIsNone_IsRefused(BlipDevice device, BlipPrecision precision) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => BlipModel.LoadAsync(new BlipOptions { Device = device, Precision = precision }));

    /// <summary>The memory of a run grows with the square of its tokens: 16,384 on one image take 1 GB for the mask alone.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(8_193)]
    public async Task Load_TokensOfARunBeyondTheLimit_AreRefused(int tokens) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu, MaxBatchTokens = tokens }));

    [Fact]
    public void ImageOptions_ValueWithoutAName_IsRefused()
    {
        (string Option, Func<ImageOptions> Create)[] all =
        [
            (nameof(ImageOptions.Alpha), () => new ImageOptions { Alpha = (AlphaMode)77 }),
            (nameof(ImageOptions.Orientation), () => new ImageOptions { Orientation = (ImageOrientation)77 }),
            (nameof(ImageOptions.Resize), () => new ImageOptions { Resize = (ResizeMode)(-1) }),
        ];
        foreach ((string option, Func<ImageOptions> create) in all)
            Assert.Equal(option, Assert.Throws<ArgumentOutOfRangeException>(create).ParamName);
    }

    /// <summary>Sets every option to what no model could work with.</summary>
    private static void Change(BlipOptions options)
    {
        foreach (PropertyInfo property in typeof(BlipOptions).GetProperties())
        {
            property.SetValue(options, property.PropertyType switch
            {
                { IsEnum: true } type => Enum.ToObject(type, 99),
                { IsValueType: true } type when type != typeof(bool) => Activator.CreateInstance(type),
                { IsValueType: true } => true,
                _ => null,
            });
        }
    }
}
