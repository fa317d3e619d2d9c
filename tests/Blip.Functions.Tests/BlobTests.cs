using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Blip.Functions.Host;
using Blip.Tests;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>Images go from the storage emulator through the real listener and the real worker to their documents.</summary>
[Trait("Category", "Long")]
public sealed class BlobTests(PublishedApp app)
{
    [Fact]
    public async Task Images_Uploaded_AreAnsweredOrSayWhyNot()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient("images");
        BlobContainerClient answers = azurite.Blobs.GetBlobContainerClient("answers");
        await images.CreateAsync();
        BinaryData dogs = BinaryData.FromBytes(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        await images.GetBlobClient("cut.jpg").UploadAsync(BinaryData.FromBytes(dogs.ToMemory()[..9000]));
        await images.GetBlobClient("side/é 1.jpg.questions.json").UploadAsync(BinaryData.FromString("""["is there a cat?"]"""));
        await images.GetBlobClient("side/é 1.jpg").UploadAsync(dogs);
        await images.GetBlobClient("wrong.jpg").UploadAsync(dogs, WithQuestions("nonsense"));
        await images.GetBlobClient("dogs.jpg").UploadAsync(
            dogs, WithQuestions("""["how many dogs are in the picture?","what color is the tree?"]"""));

        await using FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", azurite.Connection));
        using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "first");
        await listener.StartAsync();
        try
        {
            JsonElement answered = await ReadAsync(answers, "dogs.jpg.json");
            Assert.Equal(["2", "green"], answered.GetProperty("answers").EnumerateArray().Select(a => a.GetProperty("answer").GetString()));
            BlobProperties image = await images.GetBlobClient("dogs.jpg").GetPropertiesAsync();
            Assert.Equal(image.ETag.ToString(), answered.GetProperty("image_etag").GetString());
            Assert.Matches("^[0-9a-f]{64}$", answered.GetProperty("model_digest").GetString());
            Assert.True(answered.GetProperty("answered_at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(-5));
            JsonElement cut = await ReadAsync(answers, "cut.jpg.json"), wrong = await ReadAsync(answers, "wrong.jpg.json");
            Assert.Equal("image_corrupt", cut.GetProperty("error").GetProperty("code").GetString());
            Assert.Equal("invalid_request", wrong.GetProperty("error").GetProperty("code").GetString());
            JsonElement side = await ReadAsync(answers, "side/é 1.jpg.json");
            Assert.Equal("no", side.GetProperty("answers")[0].GetProperty("answer").GetString());
            // A damaged image is not tried again. The listener would try it within a second.
            await Task.Delay(2000);
            Assert.Single(host.BlobRuns, run => run == "images/cut.jpg");
            Assert.Single(host.BlobRuns, run => run == "images/wrong.jpg");
        }
        finally
        {
            await listener.StopAsync();
        }
    }

    [Fact]
    public async Task Image_WhoseAnswerCannotBeStored_IsTriedFiveTimesAndKept()
    {
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient("images");
        await images.CreateAsync();
        BinaryData dogs = BinaryData.FromBytes(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        await images.GetBlobClient("dogs.jpg").UploadAsync(dogs);
        // Somebody else holds the document for ever, so every write fails.
        BlobContainerClient answers = azurite.Blobs.GetBlobContainerClient("answers");
        await answers.CreateAsync();
        BlobClient document = answers.GetBlobClient("dogs.jpg.json");
        await document.UploadAsync(BinaryData.FromString("{}"));
        await document.GetBlobLeaseClient().AcquireAsync(BlobLeaseClient.InfiniteLeaseDuration);
        await using FunctionsHost host = await app.StartAsync(
            ("AzureWebJobsStorage", azurite.Connection), ("Blip__Blobs__TryTime", "0:00:00"));
        using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "poisoned");
        await listener.StartAsync();
        try
        {
            QueueClient poison = azurite.Queues.GetQueueClient("webjobs-blobtrigger-poison");
            PeekedMessage? kept = null;
            for (int attempt = 0; kept is null && attempt < 900; attempt++)
            {
                await Task.Delay(100);
                if (await poison.ExistsAsync())
                    kept = (await poison.PeekMessageAsync()).Value;
            }
            Assert.NotNull(kept);
            using JsonDocument message = JsonDocument.Parse(Convert.FromBase64String(kept.Body.ToString()));
            Assert.Equal("dogs.jpg", message.RootElement.GetProperty("BlobName").GetString());
            await Task.Delay(2000);
            Assert.Equal(Enumerable.Repeat("images/dogs.jpg", 5), host.BlobRuns);
        }
        finally
        {
            await listener.StopAsync();
        }
    }

    private static BlobUploadOptions WithQuestions(string questions) =>
        new() { Metadata = new Dictionary<string, string> { ["questions"] = questions } };

    private static async Task<JsonElement> ReadAsync(BlobContainerClient answers, string name)
    {
        BlobClient document = answers.GetBlobClient(name);
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if (await document.ExistsAsync())
                return JsonDocument.Parse((await document.DownloadContentAsync()).Value.Content).RootElement;
            await Task.Delay(100);
        }
        throw new TimeoutException($"There is no {name} after 30 seconds.");
    }
}
