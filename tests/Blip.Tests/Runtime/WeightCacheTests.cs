using System.Globalization;
using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>int8 weights kept between starts: the same answers, and never those of other weights.</summary>
[Trait("Category", "Long")]
public sealed class WeightCacheTests : IDisposable
{
    private static readonly string[] Questions = ["how many dogs are in the picture?", "is it day or night?", "what color is the tree?"];

    private readonly TempFolder _cache = new(), _models = new();

    public void Dispose()
    {
        _cache.Dispose();
        _models.Dispose();
    }

    [Fact]
    public async Task SecondStart_MapsWhatTheFirstKept_AndAnswersToTheLastBit()
    {
        float[] first = await AskAsync(TestPaths.DemoModel);
        string file = Kept();
        DateTime written = File.GetLastWriteTimeUtc(file);
        Assert.Equal(first, await AskAsync(TestPaths.DemoModel));
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
    }

    /// <summary>A start from kept weights makes what further questions gain from later; the first start made it before the first.</summary>
    [Fact]
    public async Task SecondStart_AnswersFurtherQuestionsAsTheFirst_OneByOneAndSideBySide()
    {
        float[][] first = await OneByOneAsync();
        Assert.Equal(first, await OneByOneAsync());

        await using BlipModel model = await LoadAsync(TestPaths.DemoModel);
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => model.AskAsync(Dogs(), Questions[0])));
        Assert.All(answers, answer => Assert.Equal(answers[0].Text, answer.Text));

        async Task<float[][]> OneByOneAsync()
        {
            await using BlipModel loaded = await LoadAsync(TestPaths.DemoModel);
            using EncodedImage image = await loaded.EncodeAsync(Dogs());
            List<float[]> found = [];
            for (int i = 0; i < 12; i++)
                found.Add([.. (await loaded.AskAsync(image, Questions[i % Questions.Length])).TokenLogProbabilities]);
            return [.. found];
        }
    }

    /// <summary>The model is disposed while the rest is made.</summary>
    [Fact]
    public async Task SecondStart_DisposedAfterTwoQuestions_Ends()
    {
        await AskAsync(TestPaths.DemoModel);
        for (int i = 0; i < 10; i++)
        {
            await using BlipModel model = await LoadAsync(TestPaths.DemoModel);
            await model.AskAsync(Dogs(), Questions[0]);
            await model.AskAsync(Dogs(), Questions[1]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(3000)]
    public async Task Kept_FileCutShort_IsMadeAnew(int length)
    {
        float[] first = await AskAsync(TestPaths.DemoModel);
        byte[] whole = await File.ReadAllBytesAsync(Kept());
        await File.WriteAllBytesAsync(Kept(), whole[..length]);
        Assert.Equal(first, await AskAsync(TestPaths.DemoModel));
        Assert.Equal(whole, await File.ReadAllBytesAsync(Kept()));
    }

    [Fact]
    public async Task OtherWeights_InTheSamePlace_AreNotMistaken()
    {
        string folder = _models.Copy(TestPaths.DemoModel, "model");
        float[] first = await AskAsync(folder);
        string weights = Directory.GetFiles(folder, "*.safetensors").Single();
        byte[] bytes = await File.ReadAllBytesAsync(weights);
        // The sign of every 64th number of a stretch of weights.
        for (int at = bytes.Length / 2; at < (bytes.Length / 2) + 400_000; at += 256)
            bytes[at + 3 - (at % 4)] ^= 0x80;
        await File.WriteAllBytesAsync(weights, bytes);
        Assert.NotEqual(first, await AskAsync(folder));
        Assert.Equal(2, Directory.GetFiles(_cache.Path, "*.safetensors").Length);
    }

    [Fact]
    public async Task OtherBuilds_KeptBesideIt_GoOnlyWhenLongUnused()
    {
        await AskAsync(TestPaths.DemoModel);
        string own = Kept(), used = own.Replace(".safetensors", "1.safetensors", StringComparison.Ordinal),
            unused = own.Replace(".safetensors", "2.safetensors", StringComparison.Ordinal);
        File.Move(own, used);
        await File.WriteAllTextAsync(unused, "");
        File.SetLastWriteTimeUtc(unused, DateTime.UtcNow.AddDays(-31));
        await AskAsync(TestPaths.DemoModel);
        Assert.Equal([own, used], Directory.GetFiles(_cache.Path, "*.safetensors").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Starts_InAnyCulture_KeepOneFile()
    {
        float[] first = await AskAsync(TestPaths.DemoModel);
        DateTime written = File.GetLastWriteTimeUtc(Kept());
        foreach (CultureInfo culture in TestCultures.All)
            Assert.Equal(first, await TestCultures.RunAsync(culture, () => AskAsync(TestPaths.DemoModel)));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Kept()));
    }

    [Fact]
    public async Task Folder_ThatCannotBe_IsAsGoodAsNone()
    {
        string file = Path.Combine(_cache.Path, "file");
        await File.WriteAllTextAsync(file, "");
        Assert.NotEmpty(await AskAsync(TestPaths.DemoModel, Path.Combine(file, "below")));
        Assert.NotEmpty(await AskAsync(TestPaths.DemoModel, ""));
        Assert.Single(Directory.GetFileSystemEntries(_cache.Path));
    }

    /// <summary>As in an image of a container that brings its cache along: read-only, and the model lies elsewhere than it did.</summary>
    [Fact]
    public async Task Folder_ThatTakesNoNoteOfTheDigest_GivesWhatItKeeps_AndNoFileIsLeft()
    {
        float[] first = await AskAsync(TestPaths.DemoModel);
        string note = Directory.GetFiles(_cache.Path, "digest-*").Single(), kept = Kept();
        File.Delete(note);
        Directory.CreateDirectory(note);
        DateTime written = File.GetLastWriteTimeUtc(kept);
        await using (BlipModel model = await LoadAsync(TestPaths.DemoModel))
            Assert.Equal(kept, model.CachedWeights);
        Assert.Equal(first, await AskAsync(TestPaths.DemoModel));
        Assert.Equal(written, File.GetLastWriteTimeUtc(kept));
        Assert.Equal([kept, note], Directory.GetFileSystemEntries(_cache.Path).OrderBy(entry => entry == note));
    }

    private static BlipImage Dogs() => BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));

    private string Kept() => Assert.Single(Directory.GetFiles(_cache.Path, "*.safetensors"));

    private async Task<float[]> AskAsync(string model, string? cache = null)
    {
        await using BlipModel loaded = await LoadAsync(model, cache);
        Answer[] answers = await loaded.AskAsync(Dogs(), Questions);
        return [.. answers.SelectMany(a => a.TokenLogProbabilities)];
    }

    private Task<BlipModel> LoadAsync(string model, string? cache = null) => BlipModel.LoadAsync(
        new BlipOptions
        {
            Model = model,
            Device = BlipDevice.Cpu,
            Precision = BlipPrecision.Int8,
            CacheDirectory = cache ?? _cache.Path,
        });
}
