using System.Diagnostics;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues.Models;
using Blip.Functions.Host;
using Blip.Tests;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>Host and worker are killed again and again, while images are uploaded, uploaded a second time, and replaced.</summary>
[Trait("Category", "Long")]
public sealed class BlobKillTests(PublishedApp app)
{
    private const string Images = "images", Question = "how many dogs are in the picture?";

    [Fact]
    public async Task Images_WhileTheAppIsKilled_EachGetsOneRightDocument()
    {
        int count = Math.Max(60, TestScale.Of(2000)), kills = TestScale.Of(20);
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient(Images);
        BlobContainerClient answers = azurite.Blobs.GetBlobContainerClient("answers");
        await images.CreateAsync();
        await answers.CreateAsync();
        // The listener reads the logs of the storage.
        await azurite.Blobs.GetBlobContainerClient("$logs").CreateIfNotExistsAsync();

        IEnumerable<string> files = Directory.GetFiles(TestPaths.Golden("demo", "pictures"), "*.jpg").Order(StringComparer.Ordinal);
        byte[][] contents = [.. files.Take(40).Select(File.ReadAllBytes)];
        string[] right = await AskAsync(contents);
        // The expected answer of each image; null for a damaged one.
        string?[] expected = new string?[count];
        List<Task> replacements = [];
        int killed = 0;
        for (int share = 0; share <= kills; share++)
        {
            int begin = count * share / (kills + 1), end = count * (share + 1) / (kills + 1);
            using Process host = StartHost(azurite);
            try
            {
                string? line = await host.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
                Assert.StartsWith("running", line, StringComparison.Ordinal);
                for (int i = begin; i < end; i++)
                {
                    byte[] content = contents[i % contents.Length];
                    expected[i] = right[i % contents.Length];
                    if (i % 10 == 0)
                        (content, expected[i]) = (content[..(content.Length / 2)], null);
                    await UploadAsync(images, i, content);
                    if (i % 20 == 5)
                        replacements.Add(LaterAsync(i, content));
                    else if (i % 20 == 15)
                    {
                        int other = (i + 1) % contents.Length;
                        expected[i] = right[other];
                        replacements.Add(LaterAsync(i, contents[other]));
                    }
                }
                if (share == kills)
                {
                    await Task.WhenAll(replacements);
                    int[] missed = await WaitForDocumentsAsync(images, answers, count);
                    Assert.InRange(missed.Length, 0, kills);
                    if (missed.Length > 0)
                        await AnswerMissedAsync(azurite, images, missed);
                    await WaitForQueuesAsync(azurite);
                }
                else
                {
                    // The app is killed when it has answered a third of these images.
                    int before = await CountAsync(answers);
                    Stopwatch clock = Stopwatch.StartNew();
                    while (await CountAsync(answers) < before + ((end - begin) / 3) && clock.Elapsed < TimeSpan.FromSeconds(40))
                        await Task.Delay(50);
                    killed++;
                }
            }
            finally
            {
                host.Kill(entireProcessTree: true);
                await host.WaitForExitAsync();
            }
        }

        Assert.Equal(kills, killed);
        Assert.Equal(count, await CountAsync(answers));
        for (int i = 0; i < count; i++)
        {
            JsonElement document = await DocumentAsync(answers, i);
            Assert.Equal(await VersionAsync(images, i), document.GetProperty("image_etag").GetString());
            if (expected[i] is { } answer)
            {
                JsonElement only = Assert.Single(document.GetProperty("answers").EnumerateArray().ToArray());
                Assert.Equal(answer, only.GetProperty("answer").GetString());
            }
            else
                Assert.Equal("image_corrupt", document.GetProperty("error").GetProperty("code").GetString());
        }

        async Task LaterAsync(int i, byte[] content)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200 * (i % 50)));
            await UploadAsync(images, i, content);
        }
    }

    /// <summary>
    /// Waits until the newest version of every image has its document. Gives the images that still have none when nothing more happens.
    /// </summary>
    private static async Task<int[]> WaitForDocumentsAsync(BlobContainerClient images, BlobContainerClient answers, int count)
    {
        int[] open = [.. Enumerable.Range(0, count)];
        Stopwatch idle = Stopwatch.StartNew();
        while (open.Length > 0 && idle.Elapsed < TimeSpan.FromMinutes(2))
        {
            await Task.Delay(1000);
            int before = open.Length;
            List<int> still = [];
            foreach (int i in open)
                if (!await answers.GetBlobClient(Name(i) + ".json").ExistsAsync()
                    || (await DocumentAsync(answers, i)).GetProperty("image_etag").GetString() != await VersionAsync(images, i))
                    still.Add(i);
            open = [.. still];
            if (open.Length < before)
                idle.Restart();
        }
        return open;
    }

    /// <summary>
    /// Does what docs/service.md says about images that the platform's polling misses. The only ones that it may miss are those that a
    /// killed listener was about to queue: the app never heard of them. Their receipts stayed leased for 30 seconds, and a listener that
    /// comes to a leased receipt in a scan tries again only after its next start (Azure SDK, ScanBlobScanLogHybridPollingStrategy).
    /// </summary>
    private static async Task AnswerMissedAsync(Azurite azurite, BlobContainerClient images, int[] missed)
    {
        BlobContainerClient hosts = azurite.Blobs.GetBlobContainerClient("azure-webjobs-hosts");
        List<string> queued = [];
        foreach (int i in missed)
        {
            string end = $"/{await VersionAsync(images, i)}/{Images}/{Name(i)}";
            bool incomplete = false;
            await foreach (BlobItem receipt in hosts.GetBlobsAsync(
                BlobTraits.Metadata, BlobStates.None, "blobreceipts/", TestContext.Current.CancellationToken))
                incomplete |= receipt.Name.EndsWith(end, StringComparison.Ordinal) && receipt.Metadata.ContainsKey("Incomplete");
            if (!incomplete)
                queued.Add(Name(i));
        }
        Assert.True(queued.Count == 0, $"Images have no document of their newest version: {string.Join(", ", queued)}");

        string questions = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(questions, JsonSerializer.Serialize<string[]>([Question]));
            await ServeProcess.RunCommandAsync(
                "blobs", "answer", Images, "--questions", questions, "--connection", azurite.Connection);
        }
        finally
        {
            File.Delete(questions);
        }
    }

    /// <summary>The queues may still have messages about images that are answered already, or about versions that were replaced.</summary>
    private static async Task WaitForQueuesAsync(Azurite azurite)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (true)
        {
            List<string> full = [];
            await foreach (QueueItem queue in azurite.Queues.GetQueuesAsync())
            {
                QueueProperties properties = await azurite.Queues.GetQueueClient(queue.Name).GetPropertiesAsync();
                if (properties.ApproximateMessagesCount > 0)
                    full.Add(queue.Name);
            }
            if (full.Count == 0)
                return;
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"Queues still have messages: {string.Join(", ", full)}");
            await Task.Delay(500);
        }
    }

    private static async Task<string[]> AskAsync(byte[][] contents)
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        List<string> answers = [];
        foreach (byte[] content in contents)
            answers.Add((await model.AskAsync(BlipImage.FromBytes(content), Question)).Text);
        return [.. answers];
    }

    private Process StartHost(Azurite azurite) => Process.Start(new ProcessStartInfo("dotnet",
    [
        typeof(FunctionsHost).Assembly.Location, app.Folder, Images, azurite.ProductionConnection, "kills",
        $"BlipImages={Images}", "BlipAnswers=answers", $"AzureWebJobsStorage={azurite.Connection}",
        "Blip__Decoder=skia", $"Blip__Blobs__Questions__0={Question}",
    ]) { RedirectStandardOutput = true })!;

    private static string Name(int i) => FormattableString.Invariant($"{i % 7}/{i:0000}.jpg");

    private static async Task UploadAsync(BlobContainerClient images, int i, byte[] content) =>
        await images.GetBlobClient(Name(i)).UploadAsync(BinaryData.FromBytes(content), overwrite: true);

    private static async Task<string> VersionAsync(BlobContainerClient images, int i) =>
        (await images.GetBlobClient(Name(i)).GetPropertiesAsync()).Value.ETag.ToString();

    private static async Task<JsonElement> DocumentAsync(BlobContainerClient answers, int i) =>
        JsonDocument.Parse((await answers.GetBlobClient(Name(i) + ".json").DownloadContentAsync()).Value.Content).RootElement;

    private static async Task<int> CountAsync(BlobContainerClient container)
    {
        int count = 0;
        await foreach (BlobItem _ in container.GetBlobsAsync())
            count++;
        return count;
    }
}
