using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Queues;
using Blip.Functions.Host;
using Blip.Tests;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>Images that were given up are brought back, and those that lay in a container before are answered.</summary>
[Trait("Category", "Long")]
public sealed class CatchingUpTests(PublishedApp app)
{
    private const string PoisonQueue = "webjobs-blobtrigger-poison";

    private static readonly BinaryData Dogs = BinaryData.FromBytes(File.ReadAllBytes(TestPaths.Sample("dogs.jpg")));

    [Fact]
    public async Task Requeue_OfAnImageThatWasGivenUp_StartsTheFunctionAgain()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = await CreateAsync(azurite, "images");
        await images.GetBlobClient("é 1/dogs.jpg").UploadAsync(Dogs);
        QueueClient poison = azurite.Queues.GetQueueClient(PoisonQueue);
        // No model can be loaded, so every try fails.
        await using (FunctionsHost host = await app.StartAsync(
            ("AzureWebJobsStorage", azurite.Connection), ("Blip__Model", "/no/model"), ("Blip__Blobs__TryTime", "0:00:00")))
        {
            using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "requeue");
            await listener.StartAsync();
            await UntilAsync(async () => await poison.ExistsAsync() && (await poison.PeekMessagesAsync()).Value.Length == 1);
            await listener.StopAsync();
        }
        await using (FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", azurite.Connection)))
        {
            using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "requeue");
            await listener.StartAsync();
            string output = await ServeProcess.RunCommandAsync("blobs", "requeue", "--connection", azurite.Connection);
            Assert.Equal("brought back: 1, deleted meanwhile: 0, leased or archived: 0", output.Trim());
            BlobClient document = azurite.Blobs.GetBlobContainerClient("answers").GetBlobClient("é 1/dogs.jpg.json");
            await UntilAsync(async () => await document.ExistsAsync());
            JsonElement answered = JsonDocument.Parse((await document.DownloadContentAsync()).Value.Content).RootElement;
            BlobProperties image = await images.GetBlobClient("é 1/dogs.jpg").GetPropertiesAsync();
            Assert.Equal(image.ETag.ToString(), answered.GetProperty("image_etag").GetString());
            Assert.Empty((await poison.ReceiveMessagesAsync()).Value);
            await listener.StopAsync();
        }
    }

    [Fact]
    public async Task Requeue_OverHttp_CopiesWhatIsThereAndKeepsWhatItCannotRead()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = await CreateAsync(azurite, "images");
        BlobClient image = images.GetBlobClient("a.jpg");
        Dictionary<string, string> metadata = new() { ["questions"] = """["is there a cat?"]""" };
        BlobContentInfo uploaded = await image.UploadAsync(
            Dogs, new BlobUploadOptions { Metadata = metadata, HttpHeaders = new BlobHttpHeaders { ContentType = "image/jpeg" } });
        QueueClient poison = azurite.Queues.GetQueueClient(PoisonQueue);
        await poison.CreateAsync();
        // Neither can be copied now, and neither keeps those behind it.
        BlobClient leased = images.GetBlobClient("leased.jpg"), archived = images.GetBlobClient("archived.jpg");
        await leased.UploadAsync(Dogs);
        await leased.GetBlobLeaseClient().AcquireAsync(TimeSpan.FromMinutes(1));
        await archived.UploadAsync(Dogs);
        await archived.SetAccessTierAsync(AccessTier.Archive);
        foreach (string name in (string[])["leased.jpg", "archived.jpg", "a.jpg", "deleted.jpg"])
        {
            string message = $$"""{"Type":"BlobTrigger","ContainerName":"images","BlobName":"{{name}}","ETag":"\"0x1\""}""";
            await poison.SendMessageAsync(Convert.ToBase64String(Encoding.UTF8.GetBytes(message)));
        }
        await poison.SendMessageAsync("not of the platform");
        await using FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", azurite.Connection), ("BlipBacklog", "backlog"));
        Assert.Equal(
            ["queueTrigger", "httpTrigger"],
            ((string[])["AnswerBacklog", "RequeueImages"]).Select(
                name => host.Functions.Single(f => f.Name == name).Trigger.GetProperty("type").GetString()));
        using HttpClient http = new() { BaseAddress = host.Address };
        using HttpResponseMessage response = await http.PostAsync(new Uri("/api/blobs/requeue", UriKind.Relative), null);
        Assert.Equal("""{"requeued":1,"gone":1,"kept":2}""", await response.Content.ReadAsStringAsync());
        BlobProperties copied = await image.GetPropertiesAsync();
        Assert.NotEqual(uploaded.ETag, copied.ETag);
        Assert.Equal(("image/jpeg", """["is there a cat?"]"""), (copied.ContentType, copied.Metadata["questions"]));
        Assert.Equal(3, (await poison.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task Requeue_WithoutAStorage_Is503WithItsReason()
    {
        await using FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", "nonsense"), ("BlipBacklog", "backlog"));
        using HttpClient http = new() { BaseAddress = host.Address };
        using HttpResponseMessage response = await http.PostAsync(new Uri("/api/blobs/requeue", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("The log says why", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains(host.Logs, log => log.Contains("cannot be brought back", StringComparison.Ordinal));
        Assert.Empty(host.FailedCalls);
    }

    [Fact]
    public async Task Command_AnswersAContainerOnce()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient old = await CreateAsync(azurite, "old"), answers = azurite.Blobs.GetBlobContainerClient("answers");
        foreach (string name in (string[])["in/a.jpg", "in/b.jpg", "out/c.jpg"])
            await old.GetBlobClient(name).UploadAsync(Dogs);
        await old.GetBlobClient("in/b.jpg.questions.json").UploadAsync(BinaryData.FromString("""["what color is the tree?"]"""));
        await old.GetBlobClient("in/cut.jpg").UploadAsync(BinaryData.FromBytes(Dogs.ToMemory()[..9000]));
        // It is told, and not waited for.
        BlobClient archived = old.GetBlobClient("in/archived.jpg");
        await archived.UploadAsync(Dogs);
        await archived.SetAccessTierAsync(AccessTier.Archive);
        string questions = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(questions, [0xEF, 0xBB, 0xBF, .. """["is there a cat?"]"""u8]);
            string[] words = ["blobs", "answer", "old", "--prefix", "in/", "--questions", questions, "--connection", azurite.Connection];
            string first = await ServeProcess.RunCommandAsync(words);
            Assert.Equal("answered: 2, answered before: 0, cannot be answered: 2, failed: 0", first.Trim());
            Assert.Equal("is there a cat?", await QuestionAsync(answers, "in/a.jpg"));
            Assert.Equal("what color is the tree?", await QuestionAsync(answers, "in/b.jpg"));
            Assert.Equal(
                ["in/a.jpg.json", "in/archived.jpg.json", "in/b.jpg.json", "in/cut.jpg.json"],
                answers.GetBlobs().Select(blob => blob.Name));
            await archived.SetAccessTierAsync(AccessTier.Cool);
            string again = await ServeProcess.RunCommandAsync(words);
            Assert.Equal("answered: 1, answered before: 2, cannot be answered: 1, failed: 0", again.Trim());
        }
        finally
        {
            File.Delete(questions);
        }
    }

    [Theory]
    [InlineData("images", "images")]
    [InlineData("images", "images/answers")]
    [InlineData("images/in", "images")]
    [InlineData("images", "other/path")]
    [InlineData("images", "Answers")]
    [InlineData("images", "my--answers")]
    [InlineData("images", "no")]
    public async Task Answers_WhereTheyCannotLie_AreRefusedAtTheStart(string images, string answers)
    {
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.StartAsync(("BlipImages", images), ("BlipAnswers", answers)));
        Assert.Contains($"BlipAnswers is '{answers}'", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<BlobContainerClient> CreateAsync(Azurite azurite, string name) =>
        (await azurite.Blobs.CreateBlobContainerAsync(name)).Value;

    private static async Task<string?> QuestionAsync(BlobContainerClient answers, string name)
    {
        BlobDownloadResult document = await answers.GetBlobClient(name + ".json").DownloadContentAsync();
        return JsonDocument.Parse(document.Content).RootElement.GetProperty("answers")[0].GetProperty("question").GetString();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if (await condition())
                return;
            await Task.Delay(100);
        }
        throw new TimeoutException("It did not happen within 30 seconds.");
    }
}
