using System.Diagnostics;

namespace Blip.Cli.Bench;

/// <summary>How fast many images are asked about.</summary>
/// <param name="Questions">Questions about each image.</param>
/// <param name="ImagesPerSecond">Images per second, the median of the rounds.</param>
/// <param name="NetworkImagesPerSecond">What the networks alone gave: the same images one after the other, their runs counted only.</param>
/// <param name="Share">The first of the two by the second: the median of the rounds' shares.</param>
internal sealed record BulkThroughput(int Questions, double ImagesPerSecond, double NetworkImagesPerSecond, double Share);

/// <summary>
/// Measures asking about many images, as <c>blip ask --batch</c> and <c>blip run</c> do it, against what the networks alone give. Both
/// take turns, so that a machine that slows down slows both.
/// </summary>
internal sealed class BulkRun(BlipModel model, ReadOnlyMemory<byte> image, string question, bool quick)
{
    private static readonly AskOptions Short = new() { MaxNewTokens = 2 };
    private static readonly int[] QuestionCounts = [1, 7];

    private readonly int _rounds = quick ? 1 : 7;
    private readonly byte[][] _images =
        [.. Enumerable.Range(0, quick ? 8 : 16).Select(number => BenchImage.Variant(image.Span, number))];

    public async Task<BenchResult> RunAsync(CancellationToken cancellationToken)
    {
        List<BulkThroughput> results = [];
        foreach (int count in QuestionCounts)
        {
            string[] questions = [.. Enumerable.Repeat(question, count)];
            await BulkAsync(questions, cancellationToken);
            Samples bulk = new(), network = new(), share = new();
            for (int round = 0; round < _rounds; round++)
            {
                double alone = await NetworkAsync(questions, cancellationToken), all = await BulkAsync(questions, cancellationToken);
                network.Add(_images.Length / alone);
                bulk.Add(_images.Length / all);
                share.Add(alone / all);
            }
            results.Add(new BulkThroughput(count, bulk.Median, network.Median, share.Median));
        }
        using Process self = Process.GetCurrentProcess();
        return new BenchResult { Model = model.Info, Bulk = results, PeakBytes = self.PeakWorkingSet64 };
    }

    /// <summary>The seconds that the networks' runs take, one after the other, with nothing beside them.</summary>
    private async Task<double> NetworkAsync(string[] questions, CancellationToken cancellationToken)
    {
        TimeSpan sum = TimeSpan.Zero;
        foreach (byte[] one in _images)
        {
            Answer[] answers = await model.AskAsync(BlipImage.FromBytes(one), questions, Short, cancellationToken);
            AnswerTiming timing = answers[0].Timing;
            sum += timing.Vision!.Value + timing.Question!.Value + answers.Max(answer => answer.Timing.Search!.Value);
        }
        return sum.TotalSeconds;
    }

    /// <summary>The seconds that all images take together.</summary>
    private async Task<double> BulkAsync(string[] questions, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        IAsyncEnumerable<AskItem> items = _images.Select(one => new AskItem(BlipImage.FromBytes(one), questions)).ToAsyncEnumerable();
        await foreach (AskOutcome outcome in model.AskEachAsync(items, new AskEachOptions { Ask = Short }, cancellationToken))
        {
            if (!outcome.IsAnswered)
                throw outcome.Error ?? outcome.Answers.First(each => each.Error is not null).Error!;
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
