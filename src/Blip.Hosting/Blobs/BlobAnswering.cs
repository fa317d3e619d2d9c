using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Blobs;

/// <summary>
/// Answers images that arrive as blobs: one document an image, <c>{name}.json</c>, with the answers or with the error that the image met. Knows nothing of what told it
/// of the image. May be told twice, at once, late, and of a version that has been replaced: the document is always that of the newest. Thread-safe.
/// </summary>
/// <remarks>
/// The order of three steps makes it so: the document's version is read, then the image's; the document is written only if the image is still the version that was answered, and the
/// document the version that was read. Whoever answers a newer image began after the second step, and so writes after the third, or makes it fail.
/// </remarks>
public sealed partial class BlobAnswering(
    BlipService service, IOptions<BlobAnsweringOptions> options, IOptions<ImageSourceOptions> sources, TimeProvider time, ILogger<BlobAnswering> logger)
{
    private const int MaxNameLength = 1024, MaxRounds = 8;

    /// <summary>
    /// Answers an image, and does nothing where its document is there already. A side file of questions stands for its image. An image that cannot be answered gets a
    /// document that says why; what may pass is thrown, and the caller tries again.
    /// </summary>
    /// <param name="image">The image. It need not be there any more.</param>
    /// <param name="answers">Where documents go; made if need be.</param>
    /// <param name="cancellationToken">Stops it; nothing is half written.</param>
    /// <exception cref="RequestFailedException">The storage failed.</exception>
    /// <exception cref="BlipException">The model cannot be used at the moment.</exception>
    public async Task AnswerAsync(BlobClient image, BlobContainerClient answers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(answers);
        if (image.Name.EndsWith(BlobQuestions.Suffix, StringComparison.Ordinal))
            image = image.GetParentBlobContainerClient().GetBlobClient(image.Name[..^BlobQuestions.Suffix.Length]);
        BlobClient document = answers.GetBlobClient(DocumentName(image.Name));
        string digest = await (await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).GetDigestAsync(cancellationToken).ConfigureAwait(false);
        for (int round = 0; round < MaxRounds; round++)
        {
            if (await TryAnswerAsync(image, document, digest, cancellationToken).ConfigureAwait(false))
                return;
        }
        throw new BlipException(BlipErrorCode.Busy, "The image or its answers change faster than they can be answered.");
    }

    /// <summary>One round over one version of the image. False where the image changed meanwhile.</summary>
    private async Task<bool> TryAnswerAsync(BlobClient image, BlobClient document, string digest, CancellationToken cancellationToken)
    {
        BlobDownloadStreamingResult download;
        try
        {
            download = await image.DownloadStreamingAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            ImageGone(image.Name);
            return true;
        }
        using (download)
        {
            ETag version = download.Details.ETag;
            IReadOnlyList<string>? questions = null;
            AnswerDocument answer;
            try
            {
                questions = await BlobQuestions.FindAsync(image, download.Details.Metadata, options.Value, cancellationToken).ConfigureAwait(false);
                if ((await AnswerDocument.FindAsync(document, version, digest, questions, cancellationToken).ConfigureAwait(false)).IsSame)
                {
                    AlreadyAnswered(image.Name);
                    return true;
                }
                byte[] bytes = await ReadAsync(download, cancellationToken).ConfigureAwait(false);
                // Nobody waits for a blob: it waits for a place.
                IReadOnlyList<QuestionOutcome> answers = await service
                    .AskEachAsync(BlipImage.FromBytes(bytes), questions, new AskEachOptions(), cancellationToken).ConfigureAwait(false);
                answer = new AnswerDocument(version, digest, answers, null);
            }
            catch (BlipException exception) when (!MayPass(exception))
            {
                ImageFailed(image.Name, exception.Code);
                answer = new AnswerDocument(version, digest, null, exception);
            }
            return await StoreAsync(image, document, answer, questions, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the document unless the image has changed. False where it has.</summary>
    private async Task<bool> StoreAsync(BlobClient image, BlobClient document, AnswerDocument answer, IReadOnlyList<string>? questions, CancellationToken cancellationToken)
    {
        BinaryData json = answer.ToJson(time.GetUtcNow());
        for (int round = 0; round < MaxRounds; round++)
        {
            (ETag? stored, bool same) = await AnswerDocument.FindAsync(document, answer.ImageETag, answer.ModelDigest, answer.Error is null ? questions : null, cancellationToken).ConfigureAwait(false);
            if (same)
                return true;
            if (await VersionAsync(image, cancellationToken).ConfigureAwait(false) is not { } version)
                return true;
            if (version != answer.ImageETag)
                return false;
            try
            {
                BlobUploadOptions upload = new()
                {
                    HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
                    Conditions = stored is { } existing ? new BlobRequestConditions { IfMatch = existing } : new BlobRequestConditions { IfNoneMatch = ETag.All },
                };
                await document.UploadAsync(json, upload, cancellationToken).ConfigureAwait(false);
                Answered(image.Name);
                return true;
            }
            catch (RequestFailedException exception) when (exception.Status is 409 or 412 && exception.ErrorCode != BlobErrorCode.ContainerBeingDeleted)
            {
                // Somebody else wrote first.
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                await document.GetParentBlobContainerClient().CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            }
        }
        return false;
    }

    private async Task<byte[]> ReadAsync(BlobDownloadStreamingResult download, CancellationToken cancellationToken)
    {
        int most = sources.Value.MaxBytes;
        long length = download.Details.ContentLength;
        if (length > most)
            throw new BlipException(BlipErrorCode.ImageTooLarge, FormattableString.Invariant($"The image is too large: more than the {most:N0} bytes allowed. Send a smaller one."));
        byte[] bytes = new byte[length];
        await download.Content.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    private static async Task<ETag?> VersionAsync(BlobClient image, CancellationToken cancellationToken)
    {
        try
        {
            return (await image.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value.ETag;
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Whether trying again may help: the fault lies with the model or the moment, not with the image.</summary>
    private static bool MayPass(BlipException exception) => exception is BlipModelException
        || exception.Code is BlipErrorCode.Busy or ServiceErrorCode.ModelLoading or BlipErrorCode.DownloadFailed or BlipErrorCode.DeviceUnavailable or ServiceErrorCode.Timeout or BlipErrorCode.Internal;

    // An image's name may be as long as a name can be; its document's is then its hash.
    private static string DocumentName(string image) =>
        image.Length + ".json".Length <= MaxNameLength ? image + ".json" : $"sha256-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image)))}.json";

    // Names are debugging's: a file's name can say as much as the image.
    [LoggerMessage(420, LogLevel.Debug, "{Image} is answered.")]
    private partial void Answered(string image);

    [LoggerMessage(421, LogLevel.Debug, "{Image} was answered before.")]
    private partial void AlreadyAnswered(string image);

    [LoggerMessage(422, LogLevel.Debug, "{Image} is gone.")]
    private partial void ImageGone(string image);

    [LoggerMessage(423, LogLevel.Debug, "{Image} cannot be answered: {Code}.")]
    private partial void ImageFailed(string image, string code);
}
