using System.Text.Json;
using Blip.Text;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests.Callers;

/// <summary>A word whose weights are no numbers. Whoever shares a run with a question that has it is answered all the same.</summary>
public sealed class PoisonedQuestionTests : IAsyncLifetime
{
    private const string Words = "text_encoder.embeddings.word_embeddings.weight", Word = "mushroom";
    private const string Good = "how many dogs are in the picture?", Poisoned = "is there a mushroom?";
    private const int PoisonedIndex = 5;

    private static readonly string[] Questions = [.. Enumerable.Range(0, 12).Select(i => i == PoisonedIndex ? Poisoned : Good)];

    private readonly TempFolder _folder = new();
    private readonly ModelMeter _meter = new();
    private readonly BlipImage _image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
    private BlipModel _model = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string folder = _folder.Copy(TestPaths.DemoModel, "poisoned");
        Poison(Path.Combine(folder, "model.safetensors"), BertTokenizer.Load(folder).Encode(Word).Ids[1]);
        BlipOptions options = new() { Model = folder, Device = BlipDevice.Cpu, Precision = BlipPrecision.Fp32 };
        _model = await BlipModel.LoadAsync(options, new BlipServices { MeterFactory = _meter });
    }

    public async ValueTask DisposeAsync()
    {
        await _model.DisposeAsync();
        _meter.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AskEach_OneOfTwelveQuestionsIsPoisoned_OnlyThatOneFails()
    {
        AskItem[] items = [new AskItem(_image, Questions)];
        AskOutcome outcome = Assert.Single(await _model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop));
        Assert.Null(outcome.Error);
        Assert.All(outcome.Answers.Where((_, i) => i != PoisonedIndex), answer => Assert.Equal("2", answer.Answer?.Text));
        AssertNamesTheTensor(outcome.Answers[PoisonedIndex].Error);
        // The shared run fails once; then each question has a run of its own.
        Assert.Equal([12, .. Enumerable.Repeat(1.0, 12)], _meter.QuestionRuns());
    }

    [Fact]
    public async Task Ask_OneOfTwelveCallersIsPoisoned_TheOthersAreAnswered()
    {
        using EncodedImage encoded = await _model.EncodeAsync(_image, Stop);
        Task<Answer> first;
        Task<Answer>[] callers;
        using (HeldRun held = new(_meter))
        {
            first = _model.AskAsync(encoded, Good, cancellationToken: Stop);
            await held.Started;
            callers = [.. Questions.Select(question => _model.AskAsync(encoded, question, cancellationToken: Stop))];
        }
        for (int i = 0; i < callers.Length; i++)
        {
            if (i == PoisonedIndex)
                AssertNamesTheTensor(await Record.ExceptionAsync(() => callers[i]));
            else
                Assert.Equal("2", (await callers[i]).Text);
        }
        Assert.Equal("2", (await first).Text);
        Assert.Contains(12, _meter.QuestionRuns());
    }

    /// <summary>A product in 8 bits takes a NaN for a number: the question would be answered, and wrongly.</summary>
    [Fact]
    public async Task Load_InInt8_IsRefusedAndNothingIsKept()
    {
        using TempFolder cache = new();
        BlipOptions options = new()
        {
            Model = Path.Combine(_folder.Path, "poisoned"),
            Device = BlipDevice.Cpu,
            Precision = BlipPrecision.Int8,
            CacheDirectory = cache.Path,
        };
        AssertNamesTheTensor(await Record.ExceptionAsync(() => BlipModel.LoadAsync(options, cancellationToken: Stop)));
        Assert.Empty(Directory.GetFiles(cache.Path, "*.safetensors"));
    }

    private static void AssertNamesTheTensor(Exception? error) =>
        Assert.Contains(Words, Assert.IsType<BlipModelException>(error).Message, StringComparison.Ordinal);

    /// <summary>Makes one row of the question encoder's words NaN.</summary>
    private static void Poison(string path, int row)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = BitConverter.ToInt32(file);
        using JsonDocument table = JsonDocument.Parse(file.AsMemory(8, header));
        JsonElement tensor = table.RootElement.GetProperty(Words);
        Assert.Equal("F16", tensor.GetProperty("dtype").GetString());
        int bytes = tensor.GetProperty("shape")[1].GetInt32() * 2, begin = tensor.GetProperty("data_offsets")[0].GetInt32();
        file.AsSpan(8 + header + begin + (row * bytes), bytes).Fill(0x7f);
        File.WriteAllBytes(path, file);
    }
}
