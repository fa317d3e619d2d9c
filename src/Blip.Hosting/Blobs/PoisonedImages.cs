using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace Blip.Hosting.Blobs;

/// <summary>Tries again the images that the platform gave up, after five tries each. Thread-safe.</summary>
public static class PoisonedImages
{
    /// <summary>The queue where the platform keeps them.</summary>
    public const string QueueName = "webjobs-blobtrigger-poison";

    private const int MessagesAtOnce = 32;

    private static readonly TimeSpan Reserved = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Copies every image of the queue onto itself, which starts the function as an upload does, and then deletes its message. If the call
    /// is killed between the two, the next one copies the image again. What comes into the queue meanwhile stays there.
    /// </summary>
    /// <param name="poison">
    /// The queue, without an encoding of the client: a message that it cannot decode would end the call. It may be missing: then there is
    /// nothing to do.
    /// </param>
    /// <param name="blobs">The account of the images.</param>
    /// <param name="cancellationToken">Ends the call between two images.</param>
    /// <returns>
    /// How many images were copied, of how many messages the image does not exist any more, and how many images cannot be copied now,
    /// because they are leased or archived: their messages stay in the queue.
    /// </returns>
    /// <exception cref="RequestFailedException">The storage failed.</exception>
    public static async Task<(int Requeued, int Gone, int Kept)> RequeueAsync(
        QueueClient poison, BlobServiceClient blobs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(poison);
        ArgumentNullException.ThrowIfNull(blobs);
        int requeued = 0, gone = 0, kept = 0;
        try
        {
            Response<QueueProperties> first = await poison.GetPropertiesAsync(cancellationToken).ConfigureAwait(false);
            // By the clock of the storage. It counts whole seconds.
            DateTimeOffset start = first.GetRawResponse().Headers.Date ?? DateTimeOffset.MaxValue;
            while (true)
            {
                QueueMessage[] messages = await poison
                    .ReceiveMessagesAsync(MessagesAtOnce, Reserved, cancellationToken).ConfigureAwait(false);
                if (messages.Length == 0)
                    return (requeued, gone, kept);
                foreach (QueueMessage message in messages)
                {
                    // Others come back to the queue by themselves.
                    if (message.InsertedOn > start || ImageOf(message.Body, blobs) is not { } image)
                        continue;
                    int? status = await CopyOntoItselfAsync(image, cancellationToken).ConfigureAwait(false);
                    if (status is 409 or 412)
                    {
                        kept++;
                        continue;
                    }
                    if (status is null)
                        requeued++;
                    else
                        gone++;
                    await poison.DeleteMessageAsync(message.MessageId, message.PopReceipt, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            return (requeued, gone, kept);
        }
    }

    /// <returns>The status where this image alone is the reason that it cannot be copied.</returns>
    private static async Task<int?> CopyOntoItselfAsync(BlobClient image, CancellationToken cancellationToken)
    {
        try
        {
            CopyFromUriOperation copy = await image
                .StartCopyFromUriAsync(image.Uri, cancellationToken: cancellationToken).ConfigureAwait(false);
            await copy.WaitForCompletionAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 409 or 412)
        {
            return exception.Status;
        }
    }

    /// <summary>Finds the image of a message, which the platform writes as JSON, in base64.</summary>
    private static BlobClient? ImageOf(BinaryData body, BlobServiceClient blobs)
    {
        try
        {
            string text = body.ToString();
            using JsonDocument message = text.StartsWith('{')
                ? JsonDocument.Parse(text)
                : JsonDocument.Parse(Convert.FromBase64String(text));
            string? container = message.RootElement.GetProperty("ContainerName").GetString();
            string? name = message.RootElement.GetProperty("BlobName").GetString();
            return container is null || name is null ? null : blobs.GetBlobContainerClient(container).GetBlobClient(name);
        }
        catch (Exception exception)
            when (exception is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
