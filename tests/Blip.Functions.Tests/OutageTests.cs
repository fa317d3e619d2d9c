using System.Net;
using System.Net.Http.Headers;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Blip.Functions.Host;
using Blip.Hub.Tests;
using Blip.Tests;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The world fails for a while: each image waits, and none ends in the poison queue. A minute is a second, or less.</summary>
[Trait("Category", "Long")]
public sealed class OutageTests(PublishedApp app)
{
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(TestScale.Share >= 0.5 ? 1 : 0.2);

    private static readonly int Count = Math.Max(6, TestScale.Of(50));

    [Fact]
    public async Task Hub_AwayForTwentyMinutes_EveryImageIsAnsweredAfterwards()
    {
        await using Azurite azurite = await UploadAsync();
        await using HubServer hub = await HubServer.StartAsync();
        hub.Files.Clear();
        foreach (string path in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "models", "demo")))
            hub.Files[Path.GetFileName(path)] = await File.ReadAllBytesAsync(path);
        bool isAway = true;
        hub.Fault = (_, context) =>
        {
            if (Volatile.Read(ref isAway))
                context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return Task.FromResult(Volatile.Read(ref isAway));
        };
        DirectoryInfo cache = Directory.CreateTempSubdirectory("blip outage ");
        try
        {
            await using FunctionsHost host = await app.StartAsync(
                ("AzureWebJobsStorage", azurite.Connection), ("Blip__Blobs__TryTime", $"{6 * Minute}"), ("Blip__Model", HubServer.Id),
                ("HF_ENDPOINT", hub.Endpoint.ToString()), ("HF_HOME", cache.FullName), ("Blip__Hub__Retries", "0"));
            await RunAsync(host, azurite, async () =>
            {
                await Task.Delay(19 * Minute);
                using HttpClient http = new() { BaseAddress = host.Address };
                using ByteArrayContent image = new(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
                image.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
                using HttpResponseMessage asked = await http.PostAsync(new Uri("/api/ask?question=a", UriKind.Relative), image);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, asked.StatusCode);
                Assert.NotNull(asked.Headers.RetryAfter);
                await Task.Delay(Minute);
                Volatile.Write(ref isAway, false);
            });
        }
        finally
        {
            cache.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Storage_AwayForTwentyMinutes_EveryImageIsAnsweredAfterwards()
    {
        await using Azurite azurite = await UploadAsync();
        await using Relay relay = new(azurite.Blobs.Uri.Port) { IsAway = true };
        string connection = azurite.Connection.Replace(
            $"BlobEndpoint=http://127.0.0.1:{azurite.Blobs.Uri.Port}/",
            $"BlobEndpoint=http://127.0.0.1:{relay.Port}/",
            StringComparison.Ordinal);
        await using FunctionsHost host = await app.StartAsync(
            ("AzureWebJobsStorage", connection), ("Blip__Blobs__TryTime", $"{6 * Minute}"));
        await RunAsync(host, azurite, async () =>
        {
            await Task.Delay(20 * Minute);
            relay.IsAway = false;
        });
    }

    private static async Task<Azurite> UploadAsync()
    {
        Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient("images");
        await images.CreateAsync();
        BinaryData dogs = BinaryData.FromBytes(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        await Task.WhenAll(Enumerable.Range(0, Count).Select(i => images.GetBlobClient($"{i}.jpg").UploadAsync(dogs)));
        return azurite;
    }

    private static async Task RunAsync(FunctionsHost host, Azurite azurite, Func<Task> outage)
    {
        // The worker gives up a try by itself, long before a message comes back.
        using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "outage", TimeSpan.FromMinutes(10));
        await listener.StartAsync();
        try
        {
            await outage();
            BlobContainerClient answers = azurite.Blobs.GetBlobContainerClient("answers");
            int answered = 0;
            for (int attempt = 0; answered < Count && attempt < 600; attempt++)
            {
                await Task.Delay(100);
                answered = 0;
                if (!await answers.ExistsAsync())
                    continue;
                await foreach (BlobItem _ in answers.GetBlobsAsync())
                    answered++;
            }
            QueueClient poison = azurite.Queues.GetQueueClient("webjobs-blobtrigger-poison");
            int poisoned = await poison.ExistsAsync() ? (await poison.GetPropertiesAsync()).Value.ApproximateMessagesCount : 0;
            Assert.Equal((Count, 0), (answered, poisoned));
            BlobDownloadResult first = await answers.GetBlobClient("0.jpg.json").DownloadContentAsync();
            Assert.Contains("\"answers\"", first.Content.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            await listener.StopAsync();
        }
    }
}
