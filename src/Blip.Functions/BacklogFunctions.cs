using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Blip.Hosting.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;

namespace Blip.Functions;

/// <summary>
/// Catches up: answers the images that are in a container already, and brings back those that the platform has given up. Declared only
/// where the setting <c>BlipBacklog</c> names the queue of the work.
/// </summary>
internal sealed class BacklogFunctions(BlobBacklog backlog, AppStorage storage, IConfiguration configuration)
{
    /// <summary>Does the work of one message.</summary>
    [Function(BacklogSwitch.Answer)]
    public async Task AnswerBacklog(
        [QueueTrigger("%BlipBacklog%", Connection = "AzureWebJobsStorage")] string message,
        FunctionContext context,
        CancellationToken cancellationToken)
    {
        BlobServiceClient blobs = storage.Blobs;
        string id = context.BindingContext.BindingData.TryGetValue("Id", out object? given) && $"{given}" is { Length: > 0 } text
            ? text.Trim('"')
            : context.InvocationId;
        QueueClient queue = storage.Queue(configuration[BacklogSwitch.Setting]!);
        await backlog.HandleAsync(message, id, queue, blobs, AnswersContainer.Of(blobs, configuration), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Brings back the images of the poison queue. Only the app's master key opens it.</summary>
    [Function(BacklogSwitch.Requeue)]
    public async Task<IResult> RequeueImages(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/blobs/requeue")] HttpRequest request)
    {
        QueueClient poison = storage.Queue(PoisonedImages.QueueName, QueueMessageEncoding.None);
        try
        {
            (int requeued, int gone, int kept) = await PoisonedImages
                .RequeueAsync(poison, storage.Blobs, request.HttpContext.RequestAborted).ConfigureAwait(false);
            string result = FormattableString.Invariant($$"""{"requeued":{{requeued}},"gone":{{gone}},"kept":{{kept}}}""");
            return Results.Text(result, "application/json");
        }
        catch (RequestFailedException)
        {
            return Results.Problem("The storage failed. Send the request again.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
