using Blip.Images;
using Blip.Skia;
using Blip.Tests.Telemetry;
using Xunit;

namespace Blip.Tests;

/// <summary>Asking about many images: each item has its own outcome, in order, and nobody else pays for the many.</summary>
public sealed class AskEachTests
{
    private const string Question = "how many dogs are in the picture?", Dogs = "2";

    private static readonly BlipImage Image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
    private static readonly (string Question, string Answer)[] Asked =
        [(Question, Dogs), ("what color is the tree?", "green"), ("is there a cat?", "no"), ("what is the weather like?", "sunny")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AskEach_TenOfAThousandAreBroken_EachFailsAlone_AndAllComeInOrder()
    {
        const int Count = 1000, Distance = 100, Offset = 7;
        IOException own = new("of the test");
        AskItem[] items = [.. Enumerable.Range(0, Count).Select(i => i % Distance == Offset
            ? Broken(i / Distance, own)
            : new AskItem(Image, [.. Asked.Select(asked => asked.Question).Take(1 + (i % 4))], i))];
        List<AskEachProgress> progress = [];
        await using BlipModel model = await LoadAsync();
        AskEachOptions options = new() { Progress = new Reporter(progress.Add) };
        AskOutcome[] outcomes = await model.AskEachAsync(items, options, Stop).ToArrayAsync(Stop);

        Assert.Equal(items, outcomes.Select(outcome => outcome.Item));
        Assert.Equal(Enumerable.Range(0, Count), outcomes.Select(outcome => (int)outcome.Index));
        Assert.Equal(990, outcomes.Count(outcome => outcome.IsAnswered));
        foreach (AskOutcome outcome in outcomes)
        {
            if (outcome.Index % Distance == Offset)
                AssertBroken((int)outcome.Index / Distance, outcome, own);
            else
            {
                Assert.Equal(
                    Asked.Take(outcome.Item.Questions.Count), outcome.Answers.Select(answer => (answer.Question, answer.Answer!.Text)));
            }
        }
        AnswerTiming encoded = outcomes.SelectMany(outcome => outcome.Answers).Select(one => one.Answer?.Timing)
            .First(timing => timing?.Vision is not null)!;
        Assert.True(encoded.Total >= encoded.Decode + encoded.Vision + encoded.Search);
        Assert.Equal(Enumerable.Range(1, Count), progress.Select(report => (int)report.Done));
        int failed = 0;
        Assert.Equal(outcomes.Select(outcome => failed += outcome.IsAnswered ? 0 : 1), progress.Select(report => (int)report.Failed));
    }

    [Fact]
    public async Task AskEach_SlowConsumer_NeverHoldsMoreThanTheWindow()
    {
        const int Window = 4, Count = 40;
        int given = 0, most = 0;
        await using BlipModel model = await LoadAsync();
        await foreach (AskOutcome outcome in model.AskEachAsync(Source(), new AskEachOptions { Window = Window }, Stop))
        {
            Assert.True(outcome.IsAnswered);
            await Task.Yield();
            Interlocked.Increment(ref given);
        }
        Assert.Equal((Count, Window), (given, most));

        async IAsyncEnumerable<AskItem> Source()
        {
            for (int i = 0; i < Count; i++)
            {
                most = Math.Max(most, i + 1 - Volatile.Read(ref given));
                yield return Item();
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task AskEach_ConsumerHasEnough_EndsEverythingAndLeavesItsPlaces()
    {
        bool closed = false;
        await using BlipModel model = await LoadAsync(maxRequests: 1);
        await foreach (AskOutcome outcome in model.AskEachAsync(Endless(() => closed = true), cancellationToken: Stop))
        {
            Assert.True(outcome.IsAnswered);
            if (outcome.Index == 3)
                break;
        }
        Assert.True(closed);
        Assert.Equal(Dogs, (await model.AskAsync(Image, Question, cancellationToken: Stop)).Text);
    }

    [Fact]
    public async Task AskEach_Cancelled_ThrowsWithTheCallersTokenAndLeavesItsPlaces()
    {
        bool closed = false;
        using CancellationTokenSource caller = new();
        await using BlipModel model = await LoadAsync(maxRequests: 1);
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (AskOutcome outcome in model.AskEachAsync(Endless(() => closed = true), cancellationToken: caller.Token))
            {
                if (outcome.Index == 3)
                    await caller.CancelAsync();
                Assert.InRange(outcome.Index, 0, 3);
            }
        });
        Assert.Equal(caller.Token, error.CancellationToken);
        Assert.True(closed);
        Assert.Equal(Dogs, (await model.AskAsync(Image, Question, cancellationToken: Stop)).Text);
    }

    [Fact]
    public async Task AskEach_SourceThrows_GivesWhatCameBeforeAndThenThrowsThat()
    {
        IOException own = new("of the test");
        List<AskOutcome> outcomes = [];
        await using BlipModel model = await LoadAsync();
        Assert.Same(own, await Record.ExceptionAsync(async () =>
        {
            await foreach (AskOutcome outcome in model.AskEachAsync(Source(), cancellationToken: Stop))
                outcomes.Add(outcome);
        }));
        Assert.Equal(5, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.True(outcome.IsAnswered));

        async IAsyncEnumerable<AskItem> Source()
        {
            for (int i = 0; i < 5; i++)
                yield return Item();
            await Task.Yield();
            throw own;
        }
    }

    [Fact]
    public async Task AskEach_ThreeBulkCallersInFourPlaces_AreServedAndLeavePlacesToOthers()
    {
        await using BlipModel model = await LoadAsync(maxRequests: 4);
        AskItem[] items = [.. Enumerable.Range(0, 100).Select(_ => Item())];
        Task<AskOutcome[]>[] bulk = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(AskAllAsync, Stop))];
        int served = 0;
        do
        {
            // Half of the places are never waited for, so one caller alone always finds one.
            Assert.Equal(Dogs, (await model.AskAsync(Image, Question, cancellationToken: Stop)).Text);
            served++;
        }
        while (!Task.WhenAll(bulk).IsCompleted);
        Assert.True(served > 3, $"{served} others were served");
        AskOutcome[][] all = await Task.WhenAll(bulk);
        Assert.All(all.SelectMany(outcomes => outcomes), outcome => Assert.Equal(Dogs, outcome.Answers.Single().Answer?.Text));

        async Task<AskOutcome[]> AskAllAsync() => await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop);
    }

    [Fact]
    public async Task AskEach_OpenerFailsInItsOwnWay_IsTheOutcomeOfThatItemAlone()
    {
        Exception[] own =
        [
            new ObjectDisposedException("own"), new OperationCanceledException(), new InvalidOperationException(),
            new ArgumentNullException(),
        ];
        AskItem[] items =
        [
            .. own.Select(error => new AskItem(_ => throw error, [Question])),
            new AskItem(_ => ValueTask.FromException<BlipImage>(own[0]), [Question]),
            Item(),
        ];
        await using BlipModel model = await LoadAsync();
        AskOutcome[] outcomes = await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop);
        Assert.Equal([.. own, own[0], null], outcomes.Select(outcome => outcome.Error?.InnerException));
        Assert.Equal(["internal", "cancelled", "internal", "internal", "internal", null], outcomes.Select(outcome => outcome.Error?.Code));
        Assert.True(outcomes[^1].IsAnswered);
    }

    [Fact]
    public async Task AskEach_ItemIsNull_GivesWhatCameBeforeAndThenTheIndex()
    {
        List<AskOutcome> outcomes = [];
        await using BlipModel model = await LoadAsync();
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(async () =>
        {
            await foreach (AskOutcome outcome in model.AskEachAsync([Item(), Item(), null!, Item()], cancellationToken: Stop))
                outcomes.Add(outcome);
        });
        Assert.Contains("index 2", error.Message, StringComparison.Ordinal);
        Assert.Equal([true, true], outcomes.Select(outcome => outcome.IsAnswered));
    }

    [Fact]
    public async Task AskEach_OpenerGivesNoImage_SaysSo()
    {
        AskItem[] items = [new AskItem(_ => new ValueTask<BlipImage>((BlipImage)null!), [Question]), Item()];
        await using BlipModel model = await LoadAsync();
        AskOutcome[] outcomes = await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop);
        Assert.Equal(BlipErrorCode.InvalidRequest, outcomes[0].Error?.Code);
        Assert.Contains("no image", outcomes[0].Error?.Message, StringComparison.Ordinal);
        Assert.True(outcomes[1].IsAnswered);
    }

    [Fact]
    public async Task AskEach_SourceFillsOneListAnewForEveryItem_EachIsAskedItsOwnQuestion()
    {
        await using BlipModel model = await LoadAsync();
        AskOutcome[] outcomes = await model.AskEachAsync(Items(), cancellationToken: Stop).ToArrayAsync(Stop);
        Assert.Equal(
            Asked, outcomes.Select(outcome => (outcome.Answers.Single().Question, outcome.Answers.Single().Answer!.Text)));

        static IEnumerable<AskItem> Items()
        {
            List<string> questions = [];
            foreach ((string question, _) in Asked)
            {
                questions.Clear();
                questions.Add(question);
                yield return new AskItem(Image, questions);
            }
        }
    }

    [Fact]
    public async Task AskEach_QuestionThatIsNull_FailsAlone_AndTheImageIsFreed()
    {
        using ModelMeter meter = new();
        await using (BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { MeterFactory = meter }, Stop))
        {
            AskItem[] items = [new AskItem(Image, [Question, null!])];
            AskOutcome outcome = Assert.Single(await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop));
            Assert.Equal(Dogs, outcome.Answers[0].Answer?.Text);
            Assert.Equal(BlipErrorCode.InvalidRequest, outcome.Answers[1].Error?.Code);
        }
        Assert.Equal(0, meter.Values(ModelMeter.NativeBytes).Sum());
    }

    [Fact]
    public async Task AskEach_ModelIsDisposed_SaysSo()
    {
        BlipModel model = await LoadAsync();
        ObjectDisposedException error = await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (AskOutcome outcome in model.AskEachAsync(Endless(() => { }), new AskEachOptions { Window = 1 }, Stop))
                await model.DisposeAsync();
        });
        Assert.Equal(typeof(BlipModel).FullName, error.ObjectName);
    }

    [Fact]
    public async Task AskEach_NoQuestions_EncodesOnly()
    {
        await using BlipModel model = await LoadAsync();
        AskItem[] items = [new AskItem(Image, [])];
        AskOutcome outcome = Assert.Single(await model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop));
        Assert.True(outcome.IsAnswered);
        Assert.Empty(outcome.Answers);
        Assert.Null((await model.AskAsync(Image, Question, cancellationToken: Stop)).Timing.Vision);
    }

    [Fact]
    public async Task AskEach_WhileTheNetworkRuns_TheNextImagesAreDecoded()
    {
        using ModelMeter meter = new();
        using WatchedDecoder decoder = new();
        await using BlipModel model = await BlipModel.LoadAsync(
            new BlipOptions { Device = BlipDevice.Cpu }, new BlipServices { Decoder = decoder, MeterFactory = meter }, Stop);
        AskItem[] items = [.. Enumerable.Range(0, 3).Select(_ => AskItem.FromFile(TestPaths.Sample("dogs.jpg"), Question))];
        Task<AskOutcome[]> outcomes;
        using (HeldRun held = new(meter))
        {
            outcomes = model.AskEachAsync(items, cancellationToken: Stop).ToArrayAsync(Stop).AsTask();
            await held.Started;
            await decoder.All(items.Length).WaitAsync(TimeSpan.FromSeconds(30), Stop);
            Assert.False(outcomes.IsCompleted);
        }
        Assert.All(await outcomes, outcome => Assert.Equal(Dogs, outcome.Answers[0].Answer?.Text));
    }

    private static Task<BlipModel> LoadAsync(int maxRequests = 256) =>
        BlipModel.LoadAsync(new BlipOptions { Device = BlipDevice.Cpu, MaxRequests = maxRequests }, cancellationToken: Stop);

    private static AskItem Item() => new(Image, [Question]);

    private static async IAsyncEnumerable<AskItem> Endless(Action closed)
    {
        try
        {
            while (true)
            {
                yield return Item();
                await Task.Yield();
            }
        }
        finally
        {
            closed();
        }
    }

    private static AskItem Broken(int number, IOException own) => (number % 5) switch
    {
        0 => AskItem.FromFile(TestPaths.Sample("missing.jpg"), Question),
        1 => new AskItem(BlipImage.FromBytes(Image.Data[..(Image.Length / 2)]), [Question]),
        2 => new AskItem(Image, [Question, " "]),
        3 => new AskItem(Image, [string.Concat(Enumerable.Repeat(Question, 100)), Question]),
        _ => new AskItem(_ => throw own, [Question]),
    };

    private static void AssertBroken(int number, AskOutcome outcome, IOException own)
    {
        switch (number % 5)
        {
            case 0:
                Assert.Equal(BlipErrorCode.FileNotFound, Assert.IsType<BlipException>(outcome.Error).Code);
                break;
            case 1:
                Assert.Equal(BlipErrorCode.ImageCorrupt, Assert.IsType<BlipException>(outcome.Error).Code);
                break;
            case 2:
                Assert.Equal(Dogs, outcome.Answers[0].Answer?.Text);
                Assert.Equal(BlipErrorCode.QuestionEmpty, Assert.IsType<BlipException>(outcome.Answers[1].Error).Code);
                break;
            case 3:
                Assert.Equal(BlipErrorCode.QuestionTooLong, Assert.IsType<BlipException>(outcome.Answers[0].Error).Code);
                Assert.Equal(Dogs, outcome.Answers[1].Answer?.Text);
                break;
            default:
                Assert.Same(own, outcome.Error?.InnerException);
                Assert.Equal(BlipErrorCode.FileNotFound, outcome.Error?.Code);
                break;
        }
    }

    private sealed class Reporter(Action<AskEachProgress> report) : IProgress<AskEachProgress>
    {
        public void Report(AskEachProgress value) => report(value);
    }

    /// <summary>Tells when so many images are decoded.</summary>
    private sealed class WatchedDecoder : IImageDecoder, IDisposable
    {
        private readonly SkiaImageDecoder _decoder = new();
        private readonly SemaphoreSlim _decoded = new(0);

        public async Task All(int count)
        {
            for (int i = 0; i < count; i++)
                await _decoded.WaitAsync(Stop);
        }

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            _decoder.Decode(data, header, rows, cancellationToken);
            _decoded.Release();
        }

        public void Dispose() => _decoded.Dispose();
    }
}
