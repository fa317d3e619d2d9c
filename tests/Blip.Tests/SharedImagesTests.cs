using System.Runtime.InteropServices;
using Blip.Checkpoints;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests;

/// <summary>Models of three kinds with one vision network encode an image once for all; with others, each does.</summary>
[Trait("Category", "Long")]
public sealed class SharedImagesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ModelMeter[] _meters = [new(), new(), new()];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Array.ForEach(_meters, meter => meter.Dispose());
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public async Task ThreeAnswers_TakeOneVisionRun_WhereTheVisionNetworkIsTheSame(bool isSame, int runs)
    {
        string captions = isSame ? WithVisionOfDemo("demo-caption") : "demo-caption";
        string matching = isSame ? WithVisionOfDemo("demo-matching") : "demo-matching";
        SharedImages shared = new();
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        BlipModel model = await BlipModel.LoadAsync(new BlipOptions(), Services(0), Stop);
        await using BlipCaptioner captioner = await BlipCaptioner.LoadAsync(new BlipOptions { Model = captions }, Services(1), Stop);
        BlipMatcher matcher = await BlipMatcher.LoadAsync(new BlipOptions { Model = matching }, Services(2), Stop);

        Answer answer = await model.AskAsync(image, "how many dogs are in the picture?", cancellationToken: Stop);
        // So many questions make the image's keys and values, of one model's text weights. No other model must read them.
        await model.AskAsync(image, [.. Enumerable.Repeat("how many dogs are in the picture?", 40)], cancellationToken: Stop);
        Caption caption = await captioner.CaptionAsync(image, cancellationToken: Stop);
        TextMatch[] matches = await matcher.MatchAsync(image, ["two dogs"], Stop);
        float[] vector = await matcher.EmbedAsync(image, Stop);
        Assert.Equal(runs, _meters.Sum(meter => meter.Values("blip.vision.duration").Length));

        // Each gives what it gives alone.
        Assert.Equal("2", answer.Text);
        await using BlipCaptioner captionerAlone = await BlipCaptioner.LoadAsync(captions, Stop);
        Assert.Equal((await captionerAlone.CaptionAsync(image, cancellationToken: Stop)).TokenIds, caption.TokenIds);
        await using BlipMatcher matcherAlone = await BlipMatcher.LoadAsync(matching, Stop);
        Assert.Equal((await matcherAlone.MatchAsync(image, ["two dogs"], Stop))[0].Match, matches[0].Match, 1e-6);
        Assert.Equal(await matcherAlone.EmbedAsync(image, Stop), vector);

        // One that goes leaves what the others still use.
        await model.DisposeAsync();
        await matcher.DisposeAsync();
        Assert.Equal(caption.TokenIds, (await captioner.CaptionAsync(image, cancellationToken: Stop)).TokenIds);
        Assert.Equal(runs, _meters.Sum(meter => meter.Values("blip.vision.duration").Length));

        BlipServices Services(int meter) => new() { SharedImages = shared, MeterFactory = _meters[meter] };
    }

    /// <summary>In another precision the same weights give other embeddings.</summary>
    [Fact]
    public async Task OtherPrecision_IsNotShared()
    {
        SharedImages shared = new();
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        foreach ((int i, BlipPrecision precision) in ((int, BlipPrecision)[])[(0, BlipPrecision.Fp32), (1, BlipPrecision.Int8)])
        {
            await using BlipModel model = await BlipModel.LoadAsync(
                new BlipOptions { Precision = precision, CacheDirectory = "" },
                new BlipServices { SharedImages = shared, MeterFactory = _meters[i] }, Stop);
            await model.AskAsync(image, "what?", cancellationToken: Stop);
            Assert.Single(_meters[i].Values("blip.vision.duration"));
        }
    }

    /// <summary>Writes a demo model anew, with the vision network of the one that answers questions.</summary>
    private string WithVisionOfDemo(string name)
    {
        string folder = _folder.Copy(TestPaths.Model(name), name);
        using Checkpoint demo = Checkpoint.Open(TestPaths.DemoModel);
        SafetensorsEntry[] entries;
        using (Checkpoint own = Checkpoint.Open(folder))
            entries = [.. own.Tensors.Values.DistinctBy(tensor => tensor.Name).Select(Entry)];
        using FileStream file = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(file, entries);
        return folder;

        SafetensorsEntry Entry(CheckpointTensor tensor)
        {
            bool isVision = tensor.Name.StartsWith("vision_model.", StringComparison.Ordinal);
            CheckpointTensor source = isVision ? demo.Tensors[tensor.Name] : tensor;
            float[] values = new float[source.ElementCount];
            source.CopyTo(values);
            // The demo models are stored in fp16, which holds their numbers again.
            Half[] halves = Array.ConvertAll(values, value => (Half)value);
            return new SafetensorsEntry(
                tensor.Name, "F16", source.Shape, halves.Length * 2L, stream => stream.Write(MemoryMarshal.AsBytes<Half>(halves)));
        }
    }
}
