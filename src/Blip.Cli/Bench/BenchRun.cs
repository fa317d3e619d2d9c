using System.Diagnostics;
using Blip.Runtime;

namespace Blip.Cli.Bench;

/// <summary>
/// Measures one model on this machine. After a warm-up come rounds in which each kind of call runs once. Between them a matrix product
/// shows whether the machine does other work. Answers have at most two tokens, so that models can be compared.
/// </summary>
internal sealed class BenchRun(BlipModel model, ReadOnlyMemory<byte> image, string question, bool quick)
{
    private static readonly AskOptions Short = new() { MaxNewTokens = 2 };
    private static readonly (int Concurrency, int Batch)[] AllLoads = [(1, 1), (2, 1), (4, 1), (8, 1), (1, 4), (1, 16), (4, 4)];
    private static readonly (int Concurrency, int Batch)[] QuickLoads = [(1, 1), (4, 1), (1, 16)];

    /// <summary>
    /// How many questions follow the first one. There is more than one, because one of them may also compute the image's keys and
    /// values for the later questions.
    /// </summary>
    private const int FurtherQuestions = 8;

    private readonly int _rounds = quick ? 3 : 20;
    private readonly TimeSpan _loadTime = TimeSpan.FromSeconds(quick ? 0.5 : 8);
    private readonly string[] _sixteen = [.. Enumerable.Repeat(question, 16)];

    public async Task<BenchResult> RunAsync(int threads, CancellationToken cancellationToken)
    {
        BenchResult result = new() { Model = model.Info };
        await model.AskAsync(BlipImage.FromBytes(image), question, Short, cancellationToken);
        using (Process self = Process.GetCurrentProcess())
            result.PeakBytes = self.PeakWorkingSet64;
        using MatrixPeak peak = new(threads, int8: false);
        using MatrixPeak? int8 = result.Model.Precision == "int8" ? new MatrixPeak(threads, int8: true) : null;
        for (int i = 0; i < 3; i++)
            peak.Measure();
        await RoundAsync(new BenchResult { Model = model.Info }, cancellationToken);
        for (int round = 0; round < _rounds; round++)
        {
            for (int i = 0; i < 3; i++)
            {
                result.MatrixGflops.Add(peak.Measure());
                if (int8 is not null)
                    result.MatrixInt8Gops.Add(int8.Measure());
            }
            await RoundAsync(result, cancellationToken);
        }
        foreach ((int concurrency, int batch) in quick ? QuickLoads : AllLoads)
            result.Throughputs.Add(await LoadAsync(concurrency, batch, cancellationToken));
        return result;
    }

    private async Task RoundAsync(BenchResult result, CancellationToken cancellationToken)
    {
        Answer first = await model.AskAsync(BlipImage.FromBytes(image), question, Short, cancellationToken);
        result.First.Add(first.Timing.Total.TotalMilliseconds);
        result.Decode.Add(first.Timing.Decode!.Value.TotalMilliseconds);
        result.Resize.Add(first.Timing.Resize!.Value.TotalMilliseconds);
        result.Vision.Add(first.Timing.Vision!.Value.TotalMilliseconds);
        result.Question.Add(first.Timing.Question!.Value.TotalMilliseconds);
        result.Search.Add(first.Timing.Search!.Value.TotalMilliseconds);

        using EncodedImage encoded = await model.EncodeAsync(BlipImage.FromBytes(image), cancellationToken);
        await model.AskAsync(encoded, question, Short, cancellationToken);
        for (int i = 0; i < FurtherQuestions; i++)
        {
            Answer next = await model.AskAsync(encoded, question, Short, cancellationToken);
            result.Next.Add(next.Timing.Total.TotalMilliseconds);
        }
        long start = Stopwatch.GetTimestamp();
        await model.AskAsync(encoded, _sixteen, Short, cancellationToken);
        result.Sixteen.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>
    /// Calls the model for some time. Calls that run at the same time ask about different images, because otherwise they would share
    /// one encoded image.
    /// </summary>
    private async Task<Throughput> LoadAsync(int concurrency, int batch, CancellationToken cancellationToken)
    {
        int calls = 0;
        string[] questions = _sixteen[..batch];
        byte[][] images = [.. Enumerable.Range(0, concurrency).Select(i => BenchImage.Variant(image.Span, i))];
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(images.Select(own => Task.Run(async () =>
        {
            do
            {
                await model.AskAsync(BlipImage.FromBytes(own), questions, Short, cancellationToken);
                Interlocked.Increment(ref calls);
            }
            while (Stopwatch.GetElapsedTime(start) < _loadTime);
        }, cancellationToken)));
        double rate = calls / Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Throughput(concurrency, batch, rate, rate * batch);
    }
}
