using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Blip.Hosting.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace Blip.Functions;

/// <summary>Pictures that arrive as blobs.</summary>
internal sealed class BlobFunctions(BlobAnswering answering, IConfiguration configuration)
{
#if BLOBS_BY_EVENT_GRID
    private const BlobTriggerSource Source = BlobTriggerSource.EventGrid;
#else
    private const BlobTriggerSource Source = BlobTriggerSource.LogsAndContainerScan;
#endif

    [Function("AnswerPicture")]
    public Task AnswerPicture([BlobTrigger("%BlipPictures%/{name}", Connection = "AzureWebJobsStorage", Source = Source)] BlobClient picture, CancellationToken cancellationToken)
    {
        // On the picture's own connection. An output binding beside a BlobClient does not work.
        BlobServiceClient storage = picture.GetParentBlobContainerClient().GetParentBlobServiceClient();
        return answering.AnswerAsync(picture, storage.GetBlobContainerClient(configuration["BlipAnswers"] ?? "answers"), cancellationToken);
    }
}
