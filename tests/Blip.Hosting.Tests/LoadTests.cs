using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>200 clients at once for two minutes, some of whom vanish; scaled down in a plain test run.</summary>
[Trait("Category", "Long")]
[CollectionDefinition(nameof(LoadTests), DisableParallelization = true)]
[Collection(nameof(LoadTests))]
public sealed class LoadTests
{
    private const int Clients = 200;

    [Fact]
    public async Task Load_ManyClients_NoWrongAnswerNoServerError()
    {
        Dictionary<string, (string Question, string Answer)[]> samples = JsonDocument.Parse(File.ReadAllText(TestPaths.Sample("samples.json"))).RootElement.EnumerateObject()
            .ToDictionary(file => file.Name, file => file.Value.EnumerateArray().Select(one => (one.GetProperty("question").GetString()!, one.GetProperty("answer").GetString()!)).ToArray());
        Dictionary<string, byte[]> images = samples.Keys.ToDictionary(name => name, name => File.ReadAllBytes(TestPaths.Sample(name)));
        await using Service service = await Service.StartAsync(configureModel: o => o.MaxRequests = 64);
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(Math.Max(5, 120 * TestScale.Share)));
        ConcurrentQueue<double> times = [];
        ConcurrentDictionary<int, int> statuses = [];
        ConcurrentQueue<string> wrong = [];
        int vanished = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            Random random = new(client);
            while (!end.IsCancellationRequested)
            {
                string name = samples.Keys.ElementAt(random.Next(samples.Count));
                (string question, string answer) = samples[name][random.Next(samples[name].Length)];
                using CancellationTokenSource patience = new();
                if (random.Next(20) == 0)
                    patience.CancelAfter(random.Next(1, 50));
                long start = Stopwatch.GetTimestamp();
                try
                {
                    using HttpResponseMessage response = await service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Form(images[name], question), patience.Token);
                    statuses.AddOrUpdate((int)response.StatusCode, 1, (_, count) => count + 1);
                    if (response.StatusCode == HttpStatusCode.TooManyRequests)
                    {
                        if (response.Headers.RetryAfter?.Delta is null)
                            wrong.Enqueue("429 without Retry-After");
                        await Task.Delay(random.Next(100, 300));
                        continue;
                    }
                    string said = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("answer").GetString()!;
                    if (said != answer)
                        wrong.Enqueue($"{name}: {question} {said} instead of {answer}");
                    times.Enqueue(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                    Interlocked.Increment(ref vanished);
                }
            }
        }));
        Assert.Empty(wrong);
        Assert.Empty(statuses.Keys.Except([200, 429]));
        Assert.True(statuses[200] > 0 && vanished > 0);

        // Nothing is stuck: all places are free again, and what the load took is given back.
        long before = Settled();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany))));
        for (int i = 0; i < 300; i++)
            await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany));
        Assert.InRange(Settled() - before, long.MinValue, 8 << 20);
        double[] sorted = [.. times.Order()];
        TestContext.Current.SendDiagnosticMessage(
            $"{Clients} clients, queue of 64: {statuses[200]} answers, {statuses.GetValueOrDefault(429)} refused, {vanished} vanished, median {sorted[sorted.Length / 2]:0} ms, p99 {sorted[(int)(sorted.Length * 0.99)]:0} ms");
    }

    private static long Settled()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
