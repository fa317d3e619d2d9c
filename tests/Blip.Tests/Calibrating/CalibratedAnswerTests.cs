using Blip.Calibrating;
using Blip.Checkpoints;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Blip.Tests.Calibrating;

/// <summary>Confidences of a model with a calibration, where it comes from, and answers that are not sure enough.</summary>
public sealed class CalibratedAnswerTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private const string Dogs = "how many dogs are in the picture?";

    private static readonly BlipImage Image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Demo_Answers_HaveTheConfidenceOfTheirTemperature()
    {
        Calibration calibration = demo.Model.Calibration!;
        Assert.Equal(2400, calibration.Questions);
        Answer answer = await demo.Model.AskAsync(Image, Dogs, cancellationToken: Stop);
        Answer fitted = await demo.Model.AskAsync(
            Image, Dogs, new AskOptions { Temperatures = [1, calibration.Temperature, 1000] }, Stop);
        double raw = fitted.TokenLogProbabilities.Sum(one => (double)one);
        Assert.Equal(raw, fitted.TemperedLogProbabilities[0], 1e-5);
        Assert.Equal((true, false), (answer.IsCalibrated, fitted.IsCalibrated));
        Assert.Equal(Math.Exp(fitted.TemperedLogProbabilities[1]), answer.Confidence, 1e-5);
        Assert.Equal(Math.Exp(raw), fitted.Confidence, 1e-6);
        Assert.NotEqual(fitted.Confidence, answer.Confidence, 1e-4);
        // So hot that every token of the vocabulary is as likely: two tokens of 536.
        Assert.Equal(-2 * Math.Log(536), fitted.TemperedLogProbabilities[2], 0.05);
    }

    [Fact]
    public async Task Demo_BeamsAndChoices_AreCalibratedToo()
    {
        Answer greedy = await demo.Model.AskAsync(Image, Dogs, cancellationToken: Stop);
        Answer beams = await demo.Model.AskAsync(Image, Dogs, new AskOptions { Beams = 3, Best = 3 }, Stop);
        Assert.True(beams.IsCalibrated);
        Assert.Equal(greedy.Confidence, beams.Confidence, 1e-4);
        Assert.Equal(beams.Confidence, beams.Alternatives[0].Probability);

        Answer ranked = await demo.Model.AskAsync(Image, Dogs, ["1", "2", "3"], cancellationToken: Stop);
        double temperature = demo.Model.Calibration!.ChoicesTemperature!.Value;
        double[] powers = [.. ranked.Choices.Select(choice => Math.Exp(choice.Score / temperature))];
        Assert.True(ranked.IsCalibrated);
        Assert.Equal(powers.Select(power => power / powers.Sum()), ranked.Choices.Select(choice => choice.Probability), Near);
        // Smoothed scores, and those per token, are on another scale.
        Assert.False((await demo.Model.AskAsync(Image, Dogs, ["1", "2"], new AskOptions { ChoicesPerToken = true }, Stop)).IsCalibrated);
        Assert.False((await demo.Model.AskAsync(Image, Dogs, ["1", "2"], new AskOptions { ChoicesK = 2 }, Stop)).IsCalibrated);
    }

    [Fact]
    public async Task MinConfidence_MarksWhatIsBelow()
    {
        Answer sure = await demo.Model.AskAsync(Image, Dogs, new AskOptions { MinConfidence = 0.2 }, Stop);
        Answer unsure = await demo.Model.AskAsync(Image, Dogs, new AskOptions { MinConfidence = 0.999999 }, Stop);
        Answer chosen = await demo.Model.AskAsync(Image, Dogs, ["1", "2"], new AskOptions { MinConfidence = 0.999999 }, Stop);
        Assert.Equal((false, true, true), (sure.IsLowConfidence, unsure.IsLowConfidence, chosen.IsLowConfidence));
        Assert.Equal("2", unsure.Text);
        foreach (double wrong in (double[])[-0.1, 1.1, double.NaN])
        {
            BlipException error = await Assert.ThrowsAsync<BlipException>(
                () => demo.Model.AskAsync(Image, Dogs, new AskOptions { MinConfidence = wrong }, Stop));
            Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
        }
    }

    [Fact]
    public void File_OfAModelsFolder_KeepsEachPrecisionAndBelongsToItsWeights()
    {
        using TempFolder temp = new();
        string folder = temp.Copy(GoldenModels.Folder("base"), "own"), cache = Path.Combine(temp.Path, "cache");
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        CalibrationFile file = new(checkpoint, isOwnFolder: true, cache);
        Assert.Null(file.Read("fp32", NullLogger.Instance));
        Assert.Equal(Path.Combine(folder, "calibration.json"), file.Write("int8", new Calibration { Temperature = 1.5, Questions = 7 }));
        Calibration exact = new() { Temperature = 0.9, ChoicesTemperature = 1.25, Questions = 200 };
        file.Write("fp32", exact);
        Assert.Equal((exact, exact), (file.Read("fp32", NullLogger.Instance), file.Read("fp16", NullLogger.Instance)));
        Assert.Equal(1.5, file.Read("int8", NullLogger.Instance)!.Temperature);
        Assert.False(Directory.Exists(cache));

        // The same file beside other weights says nothing of them.
        string other = temp.Copy(GoldenModels.Folder("deep-text"), "other");
        File.Copy(Path.Combine(folder, "calibration.json"), Path.Combine(other, "calibration.json"));
        using Checkpoint others = Checkpoint.Open(other);
        Assert.Null(new CalibrationFile(others, isOwnFolder: true, cache).Read("fp32", NullLogger.Instance));
    }

    /// <summary>The hub's files are not the user's: what was fitted for them lies in the cache, and goes before what they bring.</summary>
    [Fact]
    public void File_OfAHubModel_LiesInTheCache()
    {
        using TempFolder temp = new();
        string folder = temp.Copy(GoldenModels.Folder("base"), "snapshot"), cache = Path.Combine(temp.Path, "cache");
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        new CalibrationFile(checkpoint, isOwnFolder: true, cache).Write("fp32", new Calibration { Temperature = 2 });
        CalibrationFile file = new(checkpoint, isOwnFolder: false, cache);
        Assert.Equal(2, file.Read("fp32", NullLogger.Instance)!.Temperature);
        string path = file.Write("fp32", new Calibration { Temperature = 3 });
        Assert.Equal(Path.Combine(cache, "calibration", checkpoint.ComputeDigest() + ".json"), path);
        Assert.Equal(3, file.Read("fp32", NullLogger.Instance)!.Temperature);
    }

    [Theory]
    [InlineData("""{"digest":"DIGEST","fp32":{"temperature":0}}""", "'temperature'")]
    [InlineData("""{"digest":"DIGEST","fp32":{"temperature":"1"}}""", "'temperature'")]
    [InlineData("""{"digest":"DIGEST","fp32":{}}""", "'temperature'")]
    [InlineData("""{"digest":"DIGEST","fp32":{"temperature":1,"choices_temperature":1e9}}""", "'choices_temperature'")]
    [InlineData("""{"digest":"DIGEST","fp32":[]}""", "'fp32'")]
    [InlineData("[1", "calibration.json")]
    public async Task File_Broken_IsOneErrorThatNamesIt(string json, string says)
    {
        using TempFolder temp = new();
        string folder = temp.Copy(GoldenModels.Folder("base"), "own");
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
        {
            File.WriteAllText(
                Path.Combine(folder, "calibration.json"),
                json.Replace("DIGEST", checkpoint.ComputeDigest(), StringComparison.Ordinal));
        }
        BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(() => BlipModel.LoadAsync(folder, Stop));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(temp.Path, error.Message, StringComparison.Ordinal);
    }

    /// <summary>A file in the cache was published nowhere: its path is told, and what to do.</summary>
    [Theory]
    [InlineData("""{"digest":""")]
    [InlineData("null")]
    [InlineData("""{"fp32":{"temperature":0}}""")]
    [InlineData(null)]
    public void File_BrokenInTheCache_IsOneErrorThatSaysWhere(string? json)
    {
        using TempFolder temp = new();
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("base"));
        string path = Path.Combine(temp.Path, "calibration", checkpoint.ComputeDigest() + ".json");
        Directory.CreateDirectory(json is null ? path : Path.GetDirectoryName(path)!);
        if (json is not null)
            File.WriteAllText(path, json);
        CalibrationFile file = new(checkpoint, isOwnFolder: false, temp.Path);
        BlipModelException error = Assert.Throws<BlipModelException>(() => file.Read("fp32", NullLogger.Instance));
        Assert.Equal($"The calibration {path} cannot be used. Remove it, and run blip calibrate again.", error.Message);
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) < 1e-6;
}
