using System.Diagnostics;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues.Models;
using Blip.Functions.Host;
using Blip.Tests;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>Host and worker are killed again and again, while they work on a container of images that were there before.</summary>
[Trait("Category", "Long")]
public sealed class BacklogKillTests(PublishedApp app)
{
    private const string Backlog = "blip-backlog";

    [Fact]
    public async Task Backlog_WhileTheAppIsKilled_EachImageGetsOneDocument()
    {
        int count = Math.Max(80, TestScale.Of(2000)), kills = TestScale.Of(20);
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient old = azurite.Blobs.GetBlobContainerClient("old"), answers = azurite.Blobs.GetBlobContainerClient("answers");
        foreach (BlobContainerClient container in (BlobContainerClient[])[old, answers, azurite.Blobs.GetBlobContainerClient("images")])
            await container.CreateAsync();
        await azurite.Blobs.GetBlobContainerClient("$logs").CreateIfNotExistsAsync();
        BinaryData[] contents =
        [
            .. Directory.GetFiles(TestPaths.Golden("demo", "pictures"), "*.jpg").Order(StringComparer.Ordinal).Take(20)
                .Select(path => BinaryData.FromBytes(File.ReadAllBytes(path))),
        ];
        await Parallel.ForAsync(
            0, count, async (i, end) => await old.GetBlobClient(Name(i)).UploadAsync(contents[i % contents.Length], end));
        string left = await ServeProcess.RunCommandAsync("blobs", "answer", "old", "--queue", Backlog, "--connection", azurite.Connection);
        Assert.StartsWith("left to the Functions app", left, StringComparison.Ordinal);

        for (int kill = 0; kill <= kills; kill++)
        {
            using Process host = StartHost(azurite);
            try
            {
                Assert.StartsWith("running", await host.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
                // The last one may end its work.
                int goal = kill == kills ? count : count * (kill + 1) / (kills + 1);
                Stopwatch idle = Stopwatch.StartNew();
                for (int seen = 0; seen < goal && idle.Elapsed < TimeSpan.FromMinutes(1);)
                {
                    await Task.Delay(100);
                    int now = await CountAsync(answers);
                    if (now > seen)
                        idle.Restart();
                    seen = now;
                }
                if (kill == kills)
                    await WaitForProgressAsync(answers);
            }
            finally
            {
                host.Kill(entireProcessTree: true);
                await host.WaitForExitAsync();
            }
        }

        Assert.Equal(count, await CountAsync(answers));
        for (int i = 0; i < count; i++)
        {
            BlobDownloadResult document = await answers.GetBlobClient(Name(i) + ".json").DownloadContentAsync();
            JsonElement json = JsonDocument.Parse(document.Content).RootElement;
            BlobProperties image = await old.GetBlobClient(Name(i)).GetPropertiesAsync();
            Assert.Equal(image.ETag.ToString(), json.GetProperty("image_etag").GetString());
            Assert.Equal(1, json.GetProperty("answers").GetArrayLength());
        }
        JsonElement progress = await ProgressAsync(answers);
        Assert.Equal((count, progress.GetProperty("pages").GetInt32(), true), (
            progress.GetProperty("images").GetInt32(), progress.GetProperty("pages_done").GetInt32(),
            progress.GetProperty("finished").GetBoolean()));
        await foreach (QueueItem queue in azurite.Queues.GetQueuesAsync())
        {
            QueueProperties properties = await azurite.Queues.GetQueueClient(queue.Name).GetPropertiesAsync();
            Assert.True(properties.ApproximateMessagesCount == 0, $"The queue {queue.Name} still has messages.");
        }
    }

    private Process StartHost(Azurite azurite) => Process.Start(new ProcessStartInfo("dotnet",
    [
        typeof(FunctionsHost).Assembly.Location, app.Folder, "images", azurite.ProductionConnection, "backlog",
        "BlipImages=images", "BlipAnswers=answers", $"AzureWebJobsStorage={azurite.Connection}", $"BlipBacklog={Backlog}",
    ]) { RedirectStandardOutput = true })!;

    private static async Task WaitForProgressAsync(BlobContainerClient answers)
    {
        for (int attempt = 0; attempt < 600 && !(await ProgressAsync(answers)).GetProperty("finished").GetBoolean(); attempt++)
            await Task.Delay(100);
        // A message that was taken twice is deleted last.
        await Task.Delay(TimeSpan.FromSeconds(5));
    }

    private static async Task<JsonElement> ProgressAsync(BlobContainerClient answers)
    {
        await foreach (BlobItem blob in answers.GetBlobsAsync(new GetBlobsOptions { Prefix = ".backlog/" }))
        {
            BlobDownloadResult progress = await answers.GetBlobClient(blob.Name).DownloadContentAsync();
            return JsonDocument.Parse(progress.Content).RootElement;
        }
        throw new InvalidOperationException("There is no progress.");
    }

    private static string Name(int i) => FormattableString.Invariant($"{i % 7}/{i:0000}.jpg");

    private static async Task<int> CountAsync(BlobContainerClient answers)
    {
        int count = 0;
        await foreach (BlobItem blob in answers.GetBlobsAsync())
            count += blob.Name.StartsWith(".backlog/", StringComparison.Ordinal) ? 0 : 1;
        return count;
    }
}
