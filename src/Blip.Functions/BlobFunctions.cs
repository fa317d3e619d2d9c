using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Blip.Hosting.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace Blip.Functions;

/// <summary>The function that answers questions about images that arrive as blobs.</summary>
internal sealed class BlobFunctions(BlobAnswering answering, IConfiguration configuration)
{
#if BLOBS_BY_EVENT_GRID
    private const BlobTriggerSource Source = BlobTriggerSource.EventGrid;
#else
    private const BlobTriggerSource Source = BlobTriggerSource.LogsAndContainerScan;
#endif

    [Function("AnswerImage")]
    public Task AnswerImage(
        [BlobTrigger("%BlipImages%/{name}", Connection = "AzureWebJobsStorage", Source = Source)] BlobClient image,
        CancellationToken cancellationToken)
    {
        BlobServiceClient storage = image.GetParentBlobContainerClient().GetParentBlobServiceClient();
        return answering.AnswerAsync(image, AnswersContainer.Of(storage, configuration), cancellationToken);
    }
}
