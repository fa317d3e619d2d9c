using Blip.Checkpoints;
using Blip.Images;
using Blip.Networks;
using Blip.Tests.Checkpoints;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Tests.Networks;

/// <summary>Images of another size than the model was trained with, against transformers' interpolated positions.</summary>
public sealed class ImageSizeTests : IDisposable
{
    private const string Positions = "vision_model.embeddings.position_embedding";
    private const float Absolute = 5e-4f, Relative = 5e-4f, LogProbability = 1e-3f;

    /// <summary>
    /// A case at 48 pixels that single precision cannot tell more exactly: to turn the last bits of the stored positions at random moves
    /// its first log-probability by up to 7e-3.
    /// </summary>
    private const int Sensitive = 31;

    private readonly TempFolder _models = new();

    public static TheoryData<int> Sizes => [32, 48, 80, 96, 128];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _models.Dispose();

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task Answers_EveryCase_AreThoseOfTransformers(int size)
    {
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Model = Folder("base"), Device = BlipDevice.Cpu, ImageSize = size }, cancellationToken: Stop);
        Assert.Equal(size, model.Config.Vision.ImageSize);
        GoldenCase[] cases = [.. Cases("sizes").Where(c => c.Json.GetProperty("size").GetInt32() == size)];
        Assert.Equal(16, cases.Length);
        foreach (GoldenCase c in cases)
        {
            Answer answer = await model.AskAsync(BlipImage.FromFile(ImagePath(c.Image)), c.Question, cancellationToken: Stop);
            Assert.Equal(c.TokenIds, answer.TokenIds);
            for (int i = 0; i < answer.TokenLogProbabilities.Count; i++)
                Assert.Equal(c.TokenLogProbabilities[i], answer.TokenLogProbabilities[i], c.Index == Sensitive ? 1e-2f : LogProbability);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Vision_EverySize_IsWithinTolerance(int size) =>
        AssertClose(Expected("sizes")[FormattableString.Invariant($"vision.{size}")], Encode(Folder("base"), size, Pixels(size)));

    /// <summary>The file's normalised pixels are brought back to bytes.</summary>
    [Fact]
    public void Vision_ReferencePixelsOf96_IsWithinTolerance()
    {
        Dictionary<string, float[]> expected = Expected("base", "interpolated96.safetensors");
        PreprocessorConfig preprocessor = PreprocessorConfig.Load(Folder("base"));
        byte[] pixels = new byte[96 * 96 * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int channel = i % 3;
            float value = expected["pixels"][(channel * 96 * 96) + (i / 3)];
            pixels[i] = (byte)Math.Round(((value * preprocessor.ImageStd[channel]) + preprocessor.ImageMean[channel]) * 255);
        }
        AssertClose(expected["vision"], Encode(Folder("base"), 96, pixels));
    }

    /// <summary>Of 77 pixels in patches of 14 the last 7 make no patch, and the positions are those of the model's own 70.</summary>
    [Fact]
    public void Vision_SizeIsNoMultipleOfThePatch_TheRestIsLeftOut()
    {
        byte[] whole = Pixels(77), part = new byte[70 * 70 * 3];
        for (int y = 0; y < 70; y++)
            whole.AsSpan(y * 77 * 3, 70 * 3).CopyTo(part.AsSpan(y * 70 * 3));
        Assert.Equal(Encode(Folder("patch14"), size: null, part), Encode(Folder("patch14"), 77, whole));
    }

    /// <summary>As in original checkpoints: weights for 480 pixels beside a configuration for another size.</summary>
    [Fact]
    public async Task WeightsOf480_AreTakenAsTheyAreWhenAskedFor()
    {
        Random random = new(480);
        float[] positions = [.. Enumerable.Range(0, 901 * 32).Select(_ => (float)random.NextDouble() - 0.5f)];
        string folder = RewrittenWeights.Copy(_models, "base", tensors =>
        {
            tensors[Positions] = new RewrittenWeights.Stored([1, 901, 32], positions);
            return tensors;
        });
        BlipModelException refused = Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder));
        Assert.Contains("images of 480 pixels (30 x 30 patches)", refused.Message, StringComparison.Ordinal);

        using Checkpoint checkpoint = Checkpoint.Open(folder, new CheckpointOptions { ImageSize = 480 });
        Assert.Equal(positions, checkpoint.Tensors[Positions].Copy());
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Model = folder, Device = BlipDevice.Cpu, ImageSize = 480 }, cancellationToken: Stop);
        using EncodedImage encoded = await model.EncodeAsync(BlipImage.FromFile(ImagePath(0)), Stop);
        Assert.Equal(901 * 32 * sizeof(float), encoded.Bytes);

        File.WriteAllText(Path.Combine(folder, "config.json"), File.ReadAllText(Path.Combine(folder, "config.json"))
            .Replace("\"image_size\": 64", "\"image_size\": 480", StringComparison.Ordinal));
        File.Delete(Path.Combine(folder, "preprocessor_config.json"));
        using Checkpoint consistent = Checkpoint.Open(folder);
        Assert.Equal(480, consistent.Preprocessor.Width);
        Assert.Equal(consistent.ComputeDigest(), checkpoint.ComputeDigest());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(4096)]
    [InlineData(8192)]
    public async Task SizeThatTheModelCannotTake_IsOneClearError(int size)
    {
        BlipException refused = await Assert.ThrowsAsync<BlipException>(() => BlipModel.LoadAsync(
            new BlipOptions { Model = Folder("base"), ImageSize = size }, cancellationToken: Stop));
        Assert.Equal(BlipErrorCode.InvalidRequest, refused.Code);
        Assert.Contains(
            $"is {size} pixels, but it must be 16 (one patch) to 4095 for this model.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SizesOneModel_InInt8_KeepWeightsOfTheirOwn()
    {
        string cache = Directory.CreateDirectory(Path.Combine(_models.Path, "cache")).FullName;
        float[] at192 = await Ask(null), at96 = await Ask(96);
        Assert.NotEqual(at192, at96);
        Assert.Equal(at96, await Ask(96));
        Assert.Equal(at192, await Ask(192));
        Assert.Equal(2, Directory.GetFiles(cache, "*.safetensors").Length);

        async Task<float[]> Ask(int? size)
        {
            BlipOptions options = new()
            {
                Device = BlipDevice.Cpu, Precision = BlipPrecision.Int8, ImageSize = size, CacheDirectory = cache,
            };
            await using BlipModel model = await BlipModel.LoadAsync(options, cancellationToken: Stop);
            Answer answer = await model.AskAsync(
                BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), "is there a cat?", cancellationToken: Stop);
            return [.. answer.TokenLogProbabilities];
        }
    }

    private static byte[] Pixels(int size)
    {
        using PixelTensor pixels = new ImagePreprocessor(size, size, new ImageOptions { Alpha = AlphaMode.Drop })
            .Process(BlipImage.FromFile(ImagePath(0)));
        return pixels.Span.ToArray();
    }

    private static float[] Encode(string folder, int? size, byte[] pixels)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder, new CheckpointOptions { ImageSize = size });
        using QuestionAnsweringNetwork network = DemoNetwork.Create(checkpoint, BlipPrecision.Fp32);
        ImageEmbeddings embeddings = network.Encode(pixels, Stop);
        float[] values = embeddings.Value.GetTensorDataAsSpan<float>().ToArray();
        embeddings.Release();
        return values;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Absolute + (Relative * Math.Abs(expected[i])));
    }
}
