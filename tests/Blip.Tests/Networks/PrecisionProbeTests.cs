using Blip.Graphs;
using Blip.Networks;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Networks;

/// <summary>Which precision <see cref="BlipPrecision.Auto"/> takes on a CPU.</summary>
[Trait("Category", "Long")]
public sealed class PrecisionProbeTests : IDisposable
{
    private readonly TempFolder _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task Auto_ModelThatLosesLittle_IsInt8WhereTheProcessorIsQuickAtIt()
    {
        Assert.Equal(ByteProducts.AreExact ? "int8" : "fp32", await PrecisionAsync());
        if (ByteProducts.AreExact)
            Assert.InRange(
                double.Parse(Kept().ReadText(Note())!, System.Globalization.CultureInfo.InvariantCulture),
                0.0001, PrecisionProbe.Acceptable / 2);
    }

    [Fact]
    public async Task Auto_ModelKnownToLoseMuch_IsFp32()
    {
        await PrecisionAsync();
        if (ByteProducts.AreExact)
            Kept().WriteText(Note(), "0.2");
        Assert.Equal("fp32", await PrecisionAsync());
    }

    [Fact]
    public async Task Auto_NothingCanBeKept_IsMeasuredAtEveryStart() =>
        Assert.Equal(ByteProducts.AreExact ? "int8" : "fp32", await PrecisionAsync(""));

    /// <summary>Its random weights magnify every error, so that int8 gives other answers.</summary>
    [Fact]
    public async Task Auto_ModelThatLosesMuch_IsFp32() =>
        Assert.Equal("fp32", await PrecisionAsync(model: GoldenModels.Folder("many-heads")));

    private CacheFolder Kept() => CacheFolder.Open(_cache.Path, SystemDisk.Instance)!;

    private string Note() => Path.GetFileName(Assert.Single(Directory.GetFiles(_cache.Path, "*.deviation")));

    private async Task<string> PrecisionAsync(string? cache = null, string model = BlipModel.DemoModel)
    {
        await using BlipModel loaded = await BlipModel.LoadAsync(
            new BlipOptions
            {
                Model = model,
                Device = BlipDevice.Cpu,
                Precision = BlipPrecision.Auto,
                CacheDirectory = cache ?? _cache.Path,
            },
            cancellationToken: TestContext.Current.CancellationToken);
        if (loaded.Info.Precision == "int8")
        {
            Answer answer = await loaded.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), "how many dogs are there?",
                cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal("int8", answer.Model.Precision);
        }
        return loaded.Info.Precision;
    }
}
