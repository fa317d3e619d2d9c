using Azure;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Blip.Hosting.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Blip.Functions;

/// <summary>
/// Catches up: answers the images that are in a container already, and tries again those that the platform gave up. Declared only
/// where the setting <c>BlipBacklog</c> names the queue of the work.
/// </summary>
internal sealed partial class BacklogFunctions(
    BlobBacklog backlog, AppStorage storage, IConfiguration configuration, ILogger<BacklogFunctions> logger)
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

    /// <summary>Tries again the images of the poison queue. Only the app's master key opens it.</summary>
    [Function(BacklogSwitch.Requeue)]
    public async Task<IResult> RequeueImages(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/blobs/requeue")] HttpRequest request)
    {
        try
        {
            QueueClient poison = storage.Queue(PoisonedImages.QueueName, QueueMessageEncoding.None);
            (int requeued, int gone, int kept) = await PoisonedImages
                .RequeueAsync(poison, storage.Blobs, request.HttpContext.RequestAborted).ConfigureAwait(false);
            string result = FormattableString.Invariant($$"""{"requeued":{{requeued}},"gone":{{gone}},"kept":{{kept}}}""");
            return Results.Text(result, "application/json");
        }
        // After its last try the storage's client has an error for each. The operator must correct a connection string that cannot be read.
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or AuthenticationFailedException
            or FormatException or InvalidOperationException)
        {
            RequeueFailed(exception);
            return Results.Problem(
                "The storage cannot be used at the moment. The log says why. Send the request again.",
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    [LoggerMessage(430, LogLevel.Error, "The images that were given up cannot be brought back.")]
    private partial void RequeueFailed(Exception exception);
}
