using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Azure.Storage.Blobs;
using Blip.Functions.Host;
using Blip.Tests;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>More callers than fit, each asking again as soon as it is answered.</summary>
[Trait("Category", "Long")]
public sealed class CrowdTests(PublishedApp app)
{
    [Fact]
    public async Task Callers_FourHundred_GetBlips429WhileBlobsAreAnswered()
    {
        const int Callers = 400, Images = 10;
        byte[] dogs = await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg"));
        await using Azurite azurite = await Azurite.StartAsync();
        BlobContainerClient images = azurite.Blobs.GetBlobContainerClient("images");
        await images.CreateAsync();
        for (int i = 0; i < Images; i++)
            await images.GetBlobClient($"{i}.jpg").UploadAsync(BinaryData.FromBytes(dogs));
        await using FunctionsHost host = await app.StartAsync(("AzureWebJobsStorage", azurite.Connection));
        using HttpClient http = new() { BaseAddress = host.Address, Timeout = TimeSpan.FromMinutes(2) };
        await AppTests.ReadyAsync(http);
        using IHost listener = BlobListener.Create(host, azurite.Connection, "images", "crowd", TimeSpan.FromMinutes(10));
        using CancellationTokenSource end = new();
        ConcurrentBag<string> answers = [];
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(_ => CallAsync())];
        await listener.StartAsync();
        BlobContainerClient documents = azurite.Blobs.GetBlobContainerClient("answers");
        int answered = 0;
        for (int attempt = 0; answered < Images && attempt < 1200; attempt++)
        {
            await Task.Delay(100);
            answered = await documents.ExistsAsync() ? documents.GetBlobs().Count() : 0;
        }
        int before = answers.Count;
        await Task.Delay(TimeSpan.FromSeconds(TestScale.Of(15)));
        await end.CancelAsync();
        await Task.WhenAll(callers);
        await listener.StopAsync();

        Assert.Equal(Images, answered);
        Assert.True(before > 0, "Nobody was answered while blobs were.");
        ILookup<string, string> kinds = answers.ToLookup(answer => answer);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", kinds.Select(kind => $"{kind.Key}: {kind.Count()}")));
        Assert.Equal(["200", "429 busy, later"], kinds.Select(kind => kind.Key).Order(StringComparer.Ordinal));

        async Task CallAsync()
        {
            while (!end.IsCancellationRequested)
            {
                using ByteArrayContent image = new(dogs) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
                using HttpResponseMessage response = await http.PostAsync(
                    new Uri("/api/ask?question=is+there+a+cat%3F", UriKind.Relative), image);
                string body = await response.Content.ReadAsStringAsync();
                answers.Add(response.StatusCode != HttpStatusCode.TooManyRequests
                    ? $"{(int)response.StatusCode}{(response.IsSuccessStatusCode ? "" : " " + body)}"
                    : "429" + (body.Contains("\"busy\"", StringComparison.Ordinal) ? " busy" : "")
                    + (response.Headers.RetryAfter is not null ? ", later" : ""));
            }
        }
    }
}
