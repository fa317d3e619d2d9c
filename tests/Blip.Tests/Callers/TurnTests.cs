using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests.Callers;

/// <summary>Nobody waits for all of what another asked. Only the order counts here, no clock.</summary>
public sealed class TurnTests : IAsyncLifetime
{
    private const string Question = "how many dogs are in the picture?";

    private static readonly AskOptions Short = new() { MaxNewTokens = 2 }, Long = new() { MinNewTokens = 120, MaxNewTokens = 120 };

    private readonly ModelMeter _meter = new();
    private BlipModel _model = null!;
    private EncodedImage _encoded = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _model = await BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { MeterFactory = _meter });
        _encoded = await _model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")));
    }

    public async ValueTask DisposeAsync()
    {
        _encoded.Dispose();
        await _model.DisposeAsync();
        _meter.Dispose();
    }

    [Fact]
    public async Task Ask_ShorterAnswersInTheRunOfALongerOne_AreGivenBeforeItEnds()
    {
        AskOptions longer = new() { MinNewTokens = 20, MaxNewTokens = 20 };
        Task<Answer> first, longerOne;
        Task<Answer>[] shortOnes;
        using (HeldRun held = new(_meter))
        {
            first = AskAsync(Short);
            await held.Started;
            longerOne = AskAsync(longer);
            shortOnes = [.. Enumerable.Range(0, 4).Select(_ => AskAsync(Short))];
        }
        await first;
        Answer[] answers = await Task.WhenAll(shortOnes);
        Assert.Contains(5, _meter.QuestionRuns());
        TimeSpan? search = (await longerOne).Timing.Search;
        Assert.All(answers, answer => Assert.True(answer.Timing.Search < search));
    }

    [Fact]
    public async Task Ask_BesideMoreLongAnswersThanRunsMayBeOpen_HasARunOfItsOwn()
    {
        List<Task<Answer>> others = [];
        Task<Answer>? shortOne = null;
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // All are asked while a run that starts holds the slot, so none can end before.
        _meter.QuestionsStart = _ =>
        {
            if (shortOne is not null)
                return;
            others.Add(AskAsync(Long));
            if (others.Count < 4)
                return;
            for (int i = 0; i < 3; i++)
                others.Add(AskAsync(Long));
            shortOne = AskAsync(Short);
            asked.SetResult();
        };
        Task<Answer> first = AskAsync(Long);
        await asked.Task;

        Assert.Equal("2", (await shortOne!).Text);
        await Task.WhenAll([first, .. others]);
        // The fifth run is the short one's: the other long ones gather until one of the first four ends.
        Assert.Equal([1, 1, 1, 1, 1, 4], _meter.QuestionRuns());
    }

    [Fact]
    public async Task Ask_ShortAnswersWhileALongOneIsUnderWay_AreGivenBeforeItEnds()
    {
        Task started = NextRunStarts();
        Task<Answer> longOne = AskAsync(Long);
        await started;
        await AssertOthersAreAnsweredWhileAsync(longOne);
    }

    [Fact]
    public async Task Ask_BesideOneCallOf4000Questions_ComesWithinATenthOfItsRuns()
    {
        const int Many = 4000, Batch = 16;
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task started = NextRunStarts();
        Task<Answer[]> all = _model.AskAsync(_encoded, [.. Enumerable.Repeat(Question, Many)], Short, enough.Token);
        await started;

        await AskAsync(Short);
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("room.jpg"));
        Answer other = await _model.AskAsync(image, "how many cups are there?", cancellationToken: Stop);
        int runs = _meter.QuestionRuns().Length;
        Assert.Equal("3", other.Text);
        Assert.NotNull(other.Timing.Vision);
        Assert.False(all.IsCompleted);
        Assert.InRange(runs, 3, Many / Batch / 10);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all);
    }

    /// <summary>Asks one after the other: several are answered, each after a turn of its own, while the long answer is not.</summary>
    private async Task AssertOthersAreAnsweredWhileAsync(Task<Answer> longOne)
    {
        int begun = 0;
        for (; !longOne.IsCompleted; begun++)
            Assert.Equal("2", (await AskAsync(Short)).Text);
        Assert.True(begun > 3, $"{begun} were asked before the long one ended");
        Assert.Equal(Long.MinNewTokens, (await longOne).TokenLogProbabilities.Count);
    }

    private Task NextRunStarts()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _meter.QuestionsStart = _ => started.TrySetResult();
        return started.Task;
    }

    private Task<Answer> AskAsync(AskOptions options) => _model.AskAsync(_encoded, Question, options, Stop);
}
