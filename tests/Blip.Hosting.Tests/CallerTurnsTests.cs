using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The order in which the requests of several callers are let in, without a model.</summary>
public class CallerTurnsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_OneCallerWithMany_OthersWaitForOneOfThem()
    {
        CallerTurns turns = new(places: 1, waiting: 100, TimeProvider.System);
        IDisposable running = await turns.EnterAsync("a", Stop);
        List<string> order = [];
        Task[] all = [.. "a a a a a b c b".Split(' ').Select(caller => RunAsync(caller))];
        running.Dispose();
        await Task.WhenAll(all);
        Assert.Equal("a b c a b a a a", string.Join(' ', order));

        async Task RunAsync(string caller)
        {
            using IDisposable turn = await turns.EnterAsync(caller, Stop);
            order.Add(caller);
        }
    }

    [Fact]
    public async Task EnterAsync_AllPlacesTaken_TheCallerWithMostGivesItsLastOneUp()
    {
        CallerTurns turns = new(places: 1, waiting: 4, TimeProvider.System);
        using IDisposable running = await turns.EnterAsync("a", Stop);
        Task<IDisposable>[] many = [.. Enumerable.Range(0, 4).Select(_ => turns.EnterAsync("a", Stop).AsTask())];
        // One's own further request takes nothing from oneself.
        BlipBusyException refused = await Assert.ThrowsAsync<BlipBusyException>(() => turns.EnterAsync("a", Stop).AsTask());
        Assert.InRange(refused.RetryAfter.TotalSeconds, 1, 120);
        Task<IDisposable> first = turns.EnterAsync("b", Stop).AsTask(), second = turns.EnterAsync("b", Stop).AsTask();
        await Assert.ThrowsAsync<BlipBusyException>(() => many[3]);
        await Assert.ThrowsAsync<BlipBusyException>(() => many[2]);
        // Two wait for each now: a third of b would only turn the tables.
        await Assert.ThrowsAsync<BlipBusyException>(() => turns.EnterAsync("b", Stop).AsTask());
        running.Dispose();
        foreach (Task<IDisposable> turn in (Task<IDisposable>[])[many[0], first, many[1], second])
            (await turn.WaitAsync(TimeSpan.FromSeconds(10), Stop)).Dispose();
    }

    [Fact]
    public async Task EnterAsync_NobodyMayWait_IsBusyAtOnce()
    {
        CallerTurns turns = new(places: 1, waiting: 0, TimeProvider.System);
        (await turns.EnterAsync("a", Stop)).Dispose();
        using IDisposable running = await turns.EnterAsync("a", Stop);
        await Assert.ThrowsAsync<BlipBusyException>(() => turns.EnterAsync("b", Stop).AsTask());
    }

    [Fact]
    public async Task EnterAsync_CancelledWhileItWaits_LeavesNoGap()
    {
        CallerTurns turns = new(places: 2, waiting: 2, TimeProvider.System);
        IDisposable one = await turns.EnterAsync("a", Stop), two = await turns.EnterAsync("a", Stop);
        using CancellationTokenSource gone = new();
        Task<IDisposable> cancelled = turns.EnterAsync("b", gone.Token).AsTask(), kept = turns.EnterAsync("b", Stop).AsTask();
        await gone.CancelAsync();
        OperationCanceledException reported = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(gone.Token, reported.CancellationToken);
        one.Dispose();
        one.Dispose();
        using IDisposable third = await kept.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        // Disposed twice, a turn frees one place: both are taken again.
        Task<IDisposable> waits = turns.EnterAsync("c", Stop).AsTask();
        Assert.False(waits.IsCompleted);
        two.Dispose();
        (await waits.WaitAsync(TimeSpan.FromSeconds(10), Stop)).Dispose();
    }

    /// <summary>By key, over HTTP: the one question of a caller comes long before the last of another's two hundred.</summary>
    [Fact]
    public async Task Ask_AnotherCallerFloodsTheService_OneQuestionIsAnsweredSoon()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKeys = ["flood", "drop"]);
        int answered = 0;
        Task[] flood = [.. Enumerable.Range(0, 200).Select(i => AskAsync("flood", $"are there {i} dogs?"))];
        while (Volatile.Read(ref answered) < 10)
            await Task.Delay(5, Stop);
        await AskAsync("drop", "is there a cat?");
        // Two runs of 16 are under way when it comes; then it is its turn.
        int before = Volatile.Read(ref answered) - 1;
        Assert.InRange(before, 10, 120);
        await Task.WhenAll(flood);

        async Task AskAsync(string key, string question)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/api/ask") { Content = Service.Form(Service.Dogs, question) };
            request.Headers.Add("x-api-key", key);
            using HttpResponseMessage response = await service.Http.SendAsync(request, Stop);
            response.EnsureSuccessStatusCode();
            Interlocked.Increment(ref answered);
        }
    }
}
