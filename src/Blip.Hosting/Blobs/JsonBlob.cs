using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Blip.Hosting.Blobs;

/// <summary>Writes JSON blobs that several calls may change at the same time.</summary>
internal static class JsonBlob
{
    /// <summary>Writes a blob, if it still has the version that was read. It is marked as a document, and so never answered.</summary>
    /// <param name="blob">The blob. Its container is created if it does not exist.</param>
    /// <param name="json">The content.</param>
    /// <param name="read">The version; <see langword="null"/> if there was none.</param>
    /// <param name="cancellationToken">Cancels the call. The blob is written completely or not at all.</param>
    /// <returns>False if nothing was written, and the caller has to read and to try again.</returns>
    public static async Task<bool> TryReplaceAsync(BlobClient blob, BinaryData json, ETag? read, CancellationToken cancellationToken)
    {
        try
        {
            BlobUploadOptions upload = new()
            {
                HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
                Metadata = AnswerDocument.Metadata,
                Conditions = read is { } version
                    ? new BlobRequestConditions { IfMatch = version }
                    : new BlobRequestConditions { IfNoneMatch = ETag.All },
            };
            await blob.UploadAsync(json, upload, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RequestFailedException exception)
            when (exception.Status is 409 or 412 && exception.ErrorCode != BlobErrorCode.ContainerBeingDeleted)
        {
            // Another call wrote it first.
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            await blob.GetParentBlobContainerClient().CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        return false;
    }
}
