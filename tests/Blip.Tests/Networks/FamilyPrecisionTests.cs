using System.Globalization;
using Blip.Graphs;
using Blip.Networks;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Networks;

/// <summary>
/// Captioning and matching models in int8: what is kept between starts, and when <see cref="BlipPrecision.Auto"/> takes it.
/// </summary>
[Trait("Category", "Long")]
public sealed class FamilyPrecisionTests : IDisposable
{
    private readonly TempFolder _cache = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Demos => [BlipCaptioner.DemoModel, BlipMatcher.DemoModel];

    public void Dispose() => _cache.Dispose();

    [Theory]
    [MemberData(nameof(Demos))]
    public async Task Int8_SecondStart_MapsWhatTheFirstKept_AndIsEqualToTheLastBit(string model)
    {
        (string precision, float[] first) = await RunAsync(model, BlipPrecision.Int8);
        Assert.Equal("int8", precision);
        string file = Assert.Single(Directory.GetFiles(_cache.Path, "*.safetensors"));
        DateTime written = File.GetLastWriteTimeUtc(file);
        Assert.Equal(first, (await RunAsync(model, BlipPrecision.Int8)).Numbers);
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));

        byte[] whole = await File.ReadAllBytesAsync(file, Stop), damaged = [.. whole];
        damaged[^1000] ^= 1;
        await File.WriteAllBytesAsync(file, damaged, Stop);
        Assert.Equal(first, (await RunAsync(model, BlipPrecision.Int8)).Numbers);
        Assert.Equal(whole, await File.ReadAllBytesAsync(file, Stop));
        Assert.NotEqual(first, (await RunAsync(model, BlipPrecision.Fp32)).Numbers);
    }

    [Theory]
    [MemberData(nameof(Demos))]
    public async Task Auto_ModelThatLosesLittle_IsInt8WhereTheProcessorIsQuickAtIt(string model)
    {
        Assert.Equal(ByteProducts.AreExact ? "int8" : "fp32", (await RunAsync(model, BlipPrecision.Auto)).Precision);
        if (!ByteProducts.AreExact)
            return;
        CacheFolder kept = CacheFolder.Open(_cache.Path, SystemDisk.Instance)!;
        string note = Path.GetFileName(Assert.Single(Directory.GetFiles(_cache.Path, "*.deviation")));
        Assert.InRange(double.Parse(kept.ReadText(note)!, CultureInfo.InvariantCulture), 1e-5, PrecisionProbe.Acceptable);
        kept.WriteText(note, "0.2");
        Assert.Equal("fp32", (await RunAsync(model, BlipPrecision.Auto)).Precision);
    }

    /// <summary>What int8 gives for the random reference models is other than what they give.</summary>
    [Theory]
    [InlineData("caption-lively")]
    [InlineData("caption-wide")]
    public async Task Auto_ModelThatLosesMuch_IsFp32(string model) =>
        Assert.Equal("fp32", (await RunAsync(GoldenModels.Folder(model), BlipPrecision.Auto)).Precision);

    private async Task<(string Precision, float[] Numbers)> RunAsync(string model, BlipPrecision precision)
    {
        BlipOptions options = new() { Model = model, Device = BlipDevice.Cpu, Precision = precision, CacheDirectory = _cache.Path };
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        if (model == BlipMatcher.DemoModel)
        {
            await using BlipMatcher matcher = await BlipMatcher.LoadAsync(options, cancellationToken: Stop);
            TextMatch match = (await matcher.MatchAsync(image, ["two dogs near a tree"], Stop))[0];
            return (matcher.Info.Precision,
                [(float)match.Match, .. await matcher.EmbedAsync(image, Stop), .. await matcher.EmbedAsync("two dogs", Stop)]);
        }
        await using BlipCaptioner captioner = await BlipCaptioner.LoadAsync(options, cancellationToken: Stop);
        Caption caption = await captioner.CaptionAsync(image, cancellationToken: Stop);
        return (captioner.Info.Precision, [.. caption.TokenLogProbabilities]);
    }
}
