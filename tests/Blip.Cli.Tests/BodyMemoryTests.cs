using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Blip.Tests;
using Blip.Tests.Images;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>What <c>blip serve</c> takes of memory while many callers send the largest bodies.</summary>
[Trait("Category", "Long")]
[CollectionDefinition(nameof(BodyMemoryTests), DisableParallelization = true)]
[Collection(nameof(BodyMemoryTests))]
public sealed class BodyMemoryTests
{
    private const int LargestImage = 20 << 20;
    private const string Question = "how many dogs are in the picture?";

    /// <summary>All ways to send an image in the body.</summary>
    private static readonly string[] Kinds = ["raw", "multipart", "ask", "chat", "mcp"];

    [Fact]
    public async Task SixtyCallers_LargestBodiesAtOnce_StayUnder300Megabytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Memory is told on Linux only.");
        await using Server server = await Server.StartAsync();
        using HttpClient http = CreateClient(server);
        Body[] bodies = [.. Kinds.Select(kind => Body.Create(kind, "dogs.jpg", LargestImage))];
        foreach (string kind in Kinds)
            Assert.Equal((200, "2"), await Body.Create(kind, "dogs.jpg", 100_000).SendAsync(http));
        using Watch watch = new(server);
        (int Status, string Answer)[] answers =
            await Task.WhenAll(Enumerable.Range(0, 60).Select(caller => bodies[caller % bodies.Length].SendAsync(http)));
        double growth = watch.Peak - watch.Start;
        string counts = string.Join(", ", answers.CountBy(a => a.Status).Select(c => $"{c.Key}: {c.Value}"));
        TestContext.Current.SendDiagnosticMessage($"60 callers: {growth:0} MB above {watch.Start:0} MB; {counts}");
        Assert.All(answers, answer => Assert.True(answer is (200, "2") or (429, _), $"{answer.Status}: {answer.Answer}"));
        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.InRange(growth, 0, 300);
        Assert.Equal((200, "2"), await bodies[2].SendAsync(http));
    }

    [Fact]
    public async Task TwoHundredCallers_ForTwoMinutes_LeaveWhatTheSameImagesLeaveInTurn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Memory is told on Linux only.");
        string[] files = TestScale.Share < 1 ? ["dogs.jpg"] : ["dogs.jpg", "beach.jpg", "room.jpg", "snow.jpg"];
        List<(Body Body, string Answer)> bodies = [];
        await MeasureAsync(async http =>
        {
            foreach (string file in files)
            {
                string answer = (await Body.Create("raw", file, 100_000).SendAsync(http)).Answer;
                bodies.AddRange(Kinds.Select(kind => (Body.Create(kind, file, LargestImage), answer)));
            }
        });
        double inTurn = await MeasureAsync(async http =>
        {
            foreach ((Body body, string answer) in bodies)
                Assert.Equal((200, answer), await body.SendAsync(http));
        });
        int callers = Math.Max(24, TestScale.Of(200));
        ConcurrentQueue<(int Status, string Answer, string Expected)> seen = [];
        double peak = 0, start = 0;
        double afterLoad = await MeasureAsync(async http =>
        {
            using CancellationTokenSource end = new(TimeSpan.FromSeconds(Math.Max(6, 120 * TestScale.Share)));
            await Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
            {
                for (int i = caller; !end.IsCancellationRequested; i++)
                {
                    (Body body, string expected) = bodies[i % bodies.Count];
                    (int status, string answer) = await body.SendAsync(http);
                    seen.Enqueue((status, answer, expected));
                    if (status != 200)
                        await Task.Delay(1000);
                }
            }));
            foreach ((Body body, string answer) in bodies)
                Assert.Equal((200, answer), await body.SendAsync(http));
        }, watch => (start, peak) = (watch.Start, watch.Peak));
        // On a busy machine bodies may be too slow. A refused one is read on for ten seconds, which may not be enough for many at once.
        string counts = string.Join(", ", seen.CountBy(a => a.Status).Select(c => $"{c.Key}: {c.Value}"));
        TestContext.Current.SendDiagnosticMessage(
            $"{callers} callers: peak {peak:0} MB from {start:0} MB; afterwards {afterLoad:0} MB, {inTurn:0} MB in turn; {counts}");
        Assert.All(seen, one => Assert.True(
            one.Status is 429 or 408 or Body.CutOff || (one.Status, one.Answer) == (200, one.Expected),
            $"{one.Status}: {one.Answer}, not {one.Expected}"));
        Assert.InRange(peak - start, 0, 400);
        Assert.InRange(afterLoad, 0, inTurn * 1.2);
    }

    /// <summary>The memory of a new server after work, in MB.</summary>
    private static async Task<double> MeasureAsync(Func<HttpClient, Task> work, Action<Watch>? watched = null)
    {
        await using Server server = await Server.StartAsync();
        using HttpClient http = CreateClient(server);
        using Watch watch = new(server);
        await work(http);
        watched?.Invoke(watch);
        await Task.Delay(TimeSpan.FromSeconds(10));
        return watch.Now;
    }

    private static HttpClient CreateClient(Server server) => new(new SocketsHttpHandler { MaxConnectionsPerServer = 512 })
    {
        BaseAddress = server.Address,
        Timeout = TimeSpan.FromMinutes(2),
    };

    private sealed record Body(string Path, string Type, byte[] Bytes)
    {
        /// <summary>In place of a status: the connection was closed while the body was sent.</summary>
        public const int CutOff = 0;

        public static Body Create(string kind, string file, int size)
        {
            byte[] image = PaddedJpeg.Create(File.ReadAllBytes(TestPaths.Sample(file)), size);
            // Some writers of JSON escape the slash.
            string uri = kind is "ask" or "chat" or "mcp"
                ? "data:image\\/jpeg;base64," + Convert.ToBase64String(image).Replace("/", "\\/", StringComparison.Ordinal)
                : "";
            return kind switch
            {
                "raw" => new Body("/api/ask?question=" + Uri.EscapeDataString(Question), "image/jpeg", image),
                "multipart" => new Body("/api/ask", "multipart/form-data; boundary=b", Multipart(image)),
                "ask" => Json("/api/ask", uri, """{"image":"URI","question":"QUESTION"}"""),
                "chat" => Json("/v1/chat/completions", uri, """
                    {"messages":[{"role":"user","content":[
                    {"type":"text","text":"QUESTION"},{"type":"image_url","image_url":{"url":"URI"}}]}]}
                    """),
                _ => Json("/mcp", uri, """
                    {"jsonrpc":"2.0","id":1,"method":"tools/call",
                    "params":{"name":"ask_image","arguments":{"image":"URI","question":"QUESTION"}}}
                    """),
            };
        }

        public async Task<(int Status, string Answer)> SendAsync(HttpClient http)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, Path) { Content = new ByteArrayContent(Bytes) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(Type);
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
            HttpResponseMessage response;
            try
            {
                response = await http.SendAsync(request);
            }
            catch (HttpRequestException exception) when (exception.InnerException is IOException)
            {
                return (CutOff, exception.Message);
            }
            using HttpResponseMessage received = response;
            string text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
                Assert.NotNull(response.Headers.RetryAfter);
            return ((int)response.StatusCode, response.StatusCode == HttpStatusCode.OK ? AnswerIn(text) : text);
        }

        private static string AnswerIn(string text)
        {
            // An event of a stream is a line that begins with data:.
            using JsonDocument json = JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]);
            JsonElement root = json.RootElement;
            if (root.TryGetProperty("result", out JsonElement result))
                root = JsonElement.Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
            return root.TryGetProperty("choices", out JsonElement choices)
                ? choices[0].GetProperty("message").GetProperty("content").GetString()!
                : root.TryGetProperty("answer", out JsonElement answer) ? answer.GetString()! : text;
        }

        private static Body Json(string path, string uri, string json)
        {
            string text = json.Replace("URI", uri, StringComparison.Ordinal).Replace("QUESTION", Question, StringComparison.Ordinal);
            return new Body(path, "application/json", Encoding.UTF8.GetBytes(text));
        }

        private static byte[] Multipart(byte[] image) =>
        [
            .. Encoding.ASCII.GetBytes($"--b\r\nContent-Disposition: form-data; name=\"question\"\r\n\r\n{Question}\r\n--b\r\n"
                + "Content-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\r\n"),
            .. image,
            .. "\r\n--b--\r\n"u8,
        ];
    }

    /// <summary>Reads the memory of a process until it is disposed.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly string _status;
        private readonly Timer _timer;

        public Watch(Server server)
        {
            _status = FormattableString.Invariant($"/proc/{server.Process.Id}/status");
            Start = Peak = Now;
            _timer = new Timer(_ => Peak = Math.Max(Peak, Now), null, 0, 20);
        }

        public double Start { get; }

        public double Peak { get; private set; }

        public double Now
        {
            get
            {
                string line = File.ReadLines(_status).Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
                return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
                    / 1024;
            }
        }

        public void Dispose() => _timer.Dispose();
    }
}
