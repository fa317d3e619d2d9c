using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>200 clients ask at the same time for two minutes, and some of them disconnect. A plain test run is shorter.</summary>
[Trait("Category", "Long")]
[CollectionDefinition(nameof(LoadTests), DisableParallelization = true)]
[Collection(nameof(LoadTests))]
public sealed class LoadTests
{
    private const int Clients = 200;

    [Fact]
    public async Task Load_ManyClients_NoWrongAnswerNoServerError()
    {
        Dictionary<string, (string Question, string Answer)[]> samples = Samples();
        Dictionary<string, byte[]> images = samples.Keys.ToDictionary(name => name, name => File.ReadAllBytes(TestPaths.Sample(name)));
        await using Service service = await Service.StartAsync(configureModel: o => o.MaxRequests = 64);
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(Math.Max(5, 120 * TestScale.Share)));
        ConcurrentQueue<double> times = [];
        ConcurrentDictionary<int, int> statuses = [];
        ConcurrentQueue<string> wrong = [];
        int disconnected = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            Random random = new(client);
            while (!end.IsCancellationRequested)
            {
                string name = samples.Keys.ElementAt(random.Next(samples.Count));
                (string question, string answer) = samples[name][random.Next(samples[name].Length)];
                using CancellationTokenSource disconnect = new();
                if (random.Next(20) == 0)
                    disconnect.CancelAfter(random.Next(1, 50));
                long start = Stopwatch.GetTimestamp();
                try
                {
                    using HttpResponseMessage response = await service.Http.PostAsync(
                        new Uri("/api/ask", UriKind.Relative), Service.Form(images[name], question), disconnect.Token);
                    statuses.AddOrUpdate((int)response.StatusCode, 1, (_, count) => count + 1);
                    if (response.StatusCode == HttpStatusCode.TooManyRequests)
                    {
                        if (response.Headers.RetryAfter?.Delta is null)
                            wrong.Enqueue("429 without Retry-After");
                        await Task.Delay(random.Next(100, 300));
                        continue;
                    }
                    using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
                    string actual = json.RootElement.GetProperty("answer").GetString()!;
                    if (actual != answer)
                        wrong.Enqueue($"{name}: {question} {actual} instead of {answer}");
                    times.Enqueue(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
                catch (OperationCanceledException) when (disconnect.IsCancellationRequested)
                {
                    Interlocked.Increment(ref disconnected);
                }
            }
        }));
        Assert.Empty(wrong);
        Assert.Empty(statuses.Keys.Except([200, 429]));
        Assert.True(statuses[200] > 0 && disconnected > 0);

        // All places in the queue are free again, and the memory does not grow.
        long before = MemoryAfterCollection();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany))));
        for (int i = 0; i < 300; i++)
            await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany));
        Assert.InRange(MemoryAfterCollection() - before, long.MinValue, 8 << 20);
        double[] sorted = [.. times.Order()];
        TestContext.Current.SendDiagnosticMessage(
            $"{Clients} clients, queue of 64: {statuses[200]} answers, {statuses.GetValueOrDefault(429)} refused, "
            + $"{disconnected} disconnected, median {sorted[sorted.Length / 2]:0} ms, p99 {sorted[(int)(sorted.Length * 0.99)]:0} ms");
    }

    private static Dictionary<string, (string Question, string Answer)[]> Samples()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(TestPaths.Sample("samples.json")));
        return document.RootElement.EnumerateObject().ToDictionary(
            file => file.Name,
            file => file.Value.EnumerateArray()
                .Select(one => (one.GetProperty("question").GetString()!, one.GetProperty("answer").GetString()!)).ToArray());
    }

    private static long MemoryAfterCollection()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
