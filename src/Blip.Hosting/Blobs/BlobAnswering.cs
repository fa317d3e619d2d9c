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
/// Answers questions about images that arrive as blobs. Each image gets one document, <c>{name}.json</c>, with the answers, or with the
/// error if the image cannot be used. A trigger may report an image twice, at the same time, late, or after the image has been replaced:
/// in the end the document is that of the newest version. Thread-safe.
/// </summary>
/// <remarks>
/// Three steps in this order ensure that. First the version of the document is read, then the version of the image and its questions.
/// Last the document is written, but only if the image still has the version and the questions that the answers are about, and the
/// document the version that was read. A call for a newer version, or for a newer side file, began after the second step. So it writes
/// after the third step, or the third step fails.
/// </remarks>
public sealed partial class BlobAnswering(
    BlipService service,
    IOptions<BlobAnsweringOptions> options,
    IOptions<ImageSourceOptions> sources,
    TimeProvider time,
    ILogger<BlobAnswering> logger,
    BlipCaptionService? captions = null)
{
    private const int MaxNameLength = 1024, MaxRounds = 8;

    private readonly BlobPatience _patience = new(options.Value.TryTime, time, logger);

    /// <summary>
    /// Answers the questions about an image, unless its document has the answers already. If the blob is a side file with questions, its
    /// image is answered. If the image cannot be used, its document has the error. After an error that may go away the call waits and
    /// tries again, for <see cref="BlobAnsweringOptions.TryTime"/>; then it is thrown. A document is not an image: it is never answered,
    /// wherever it is.
    /// </summary>
    /// <param name="image">The image. It may be deleted already.</param>
    /// <param name="answers">The container of the documents. It is created if it does not exist.</param>
    /// <param name="cancellationToken">Cancels the call. A document is written completely or not at all.</param>
    /// <exception cref="RequestFailedException">The storage failed.</exception>
    /// <exception cref="BlipException">The model cannot be used at the moment.</exception>
    /// <exception cref="TimeoutException">The time was over while the call was answering or waited for the storage.</exception>
    public Task AnswerAsync(BlobClient image, BlobContainerClient answers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(answers);
        return AnswerOneAsync(image, answers, cancellationToken);
    }

    /// <summary>As <see cref="AnswerAsync"/>, and tells the result for the image.</summary>
    internal Task<BlobOutcome> AnswerOneAsync(BlobClient image, BlobContainerClient answers, CancellationToken cancellationToken)
    {
        if (image.Name.EndsWith(BlobQuestions.Suffix, StringComparison.Ordinal))
            image = image.GetParentBlobContainerClient().GetBlobClient(image.Name[..^BlobQuestions.Suffix.Length]);
        BlobClient document = answers.GetBlobClient(DocumentName(image.Name));
        return _patience.RunAsync(end => AnswerInRoundsAsync(image, document, end), cancellationToken);
    }

    private async Task<BlobOutcome> AnswerInRoundsAsync(BlobClient image, BlobClient document, CancellationToken cancellationToken)
    {
        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        string digest = await model.GetDigestAsync(cancellationToken).ConfigureAwait(false);
        for (int round = 0; round < MaxRounds; round++)
        {
            if (await TryAnswerAsync(image, document, digest, cancellationToken).ConfigureAwait(false) is { } outcome)
                return outcome;
        }
        throw new BlipException(BlipErrorCode.Busy, "The image or its answers changed too often. Try again later.");
    }

    /// <summary>
    /// Tries to answer the current version of the image. <see langword="null"/> if it, or its questions, changed in the meantime.
    /// </summary>
    private async Task<BlobOutcome?> TryAnswerAsync(
        BlobClient image, BlobClient document, string digest, CancellationToken cancellationToken)
    {
        if (await OpenAsync(image, cancellationToken).ConfigureAwait(false) is not var (version, metadata, download))
        {
            ImageGone(image.Name);
            return BlobOutcome.Gone;
        }
        using (download)
        {
            if (AnswerDocument.Is(metadata))
            {
                NoImage(image.Name);
                return BlobOutcome.NoImage;
            }
            IReadOnlyList<string>? questions = null;
            AnswerDocument answer;
            try
            {
                questions = await BlobQuestions
                    .FindAsync(image, metadata, options.Value, cancellationToken).ConfigureAwait(false);
                (_, bool same) = await AnswerDocument
                    .FindAsync(document, version, digest, questions, options.Value.Captions, cancellationToken).ConfigureAwait(false);
                if (same)
                {
                    AlreadyAnswered(image.Name);
                    return BlobOutcome.AnsweredBefore;
                }
                byte[] bytes = await ReadAsync(download ?? throw Archived(), cancellationToken).ConfigureAwait(false);
                // No caller waits for these answers, so a full queue is not an error: the call waits for a place.
                BlipImage read = BlipImage.FromBytes(bytes);
                IReadOnlyList<QuestionOutcome> answers = await service
                    .AskEachAsync(read, questions, new AskEachOptions(), cancellationToken).ConfigureAwait(false);
                answer = new AnswerDocument(version, digest, answers, null)
                {
                    Caption = options.Value.Captions && captions is not null
                        ? await captions.CaptionAsync(read, cancellationToken: cancellationToken).ConfigureAwait(false) : null,
                };
            }
            catch (BlipException exception) when (!MayPass(exception))
            {
                ImageFailed(image.Name, exception.Code);
                answer = new AnswerDocument(version, digest, null, exception);
            }
            if (!await StoreAsync(image, document, answer, questions, cancellationToken).ConfigureAwait(false))
                return null;
            return answer.Error is null ? BlobOutcome.Answered : BlobOutcome.Refused;
        }
    }

    /// <summary>
    /// Opens the image; <see langword="null"/> where it does not exist any more. One that is archived has no content that can be read now.
    /// </summary>
    private static async Task<(ETag Version, IDictionary<string, string> Metadata, BlobDownloadStreamingResult? Download)?> OpenAsync(
        BlobClient image, CancellationToken cancellationToken)
    {
        try
        {
            BlobDownloadStreamingResult download =
                await image.DownloadStreamingAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            return (download.Details.ETag, download.Details.Metadata, download);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.BlobArchived)
        {
            return await PropertiesAsync(image, cancellationToken).ConfigureAwait(false) is { } found
                ? (found.ETag, found.Metadata, null) : null;
        }
    }

    private static BlipException Archived() => new(
        BlipErrorCode.FileNotFound, "The image is archived, so it cannot be read. Move it to another access tier, and try again.");

    /// <summary>Writes the document, unless the image or its questions have changed. False if they have.</summary>
    private async Task<bool> StoreAsync(
        BlobClient image, BlobClient document, AnswerDocument answer, IReadOnlyList<string>? questions, CancellationToken cancellationToken)
    {
        BinaryData json = answer.ToJson(time.GetUtcNow());
        IReadOnlyList<string>? answered = answer.Error is null ? questions : null;
        for (int round = 0; round < MaxRounds; round++)
        {
            (ETag? stored, bool same) = await AnswerDocument
                .FindAsync(document, answer.ImageETag, answer.ModelDigest, answered, options.Value.Captions, cancellationToken)
                .ConfigureAwait(false);
            if (same)
                return true;
            if (await PropertiesAsync(image, cancellationToken).ConfigureAwait(false) is not { } current)
                return true;
            if (current.ETag != answer.ImageETag
                || !await AsksStillAsync(image, current.Metadata, questions, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
            if (!await JsonBlob.TryReplaceAsync(document, json, stored, cancellationToken).ConfigureAwait(false))
                continue;
            Answered(image.Name);
            return true;
        }
        return false;
    }

    private async Task<byte[]> ReadAsync(BlobDownloadStreamingResult download, CancellationToken cancellationToken)
    {
        int limit = sources.Value.MaxBytes;
        long length = download.Details.ContentLength;
        if (length > limit)
        {
            throw new BlipException(
                BlipErrorCode.ImageTooLarge,
                FormattableString.Invariant($"The image is too large: more than the {limit:N0} bytes allowed. Send a smaller one."));
        }
        byte[] bytes = new byte[length];
        await download.Content.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    /// <summary>Whether the questions about an image are those; <see langword="null"/> stands for questions that cannot be read.</summary>
    private async Task<bool> AsksStillAsync(
        BlobClient image, IDictionary<string, string> metadata, IReadOnlyList<string>? questions, CancellationToken cancellationToken)
    {
        try
        {
            return (await BlobQuestions.FindAsync(image, metadata, options.Value, cancellationToken).ConfigureAwait(false))
                .SequenceEqual(questions ?? []);
        }
        catch (BlipException)
        {
            return questions is null;
        }
    }

    private static async Task<BlobProperties?> PropertiesAsync(BlobClient image, CancellationToken cancellationToken)
    {
        try
        {
            return await image.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Whether the error may go away: its cause is the model or a busy service, and not the image.</summary>
    private static bool MayPass(BlipException exception) => exception is BlipModelException
        || exception.Code is BlipErrorCode.Busy or ServiceErrorCode.ModelLoading or ServiceErrorCode.ModelNotConfigured
            or BlipErrorCode.DownloadFailed
            or BlipErrorCode.DeviceUnavailable or BlipErrorCode.PackageMissing or BlipErrorCode.Timeout or BlipErrorCode.Cancelled
            or BlipErrorCode.Internal;

    // With ".json" the name of an image can become too long for a blob. Then the document is named by the hash of the image's name.
    private static string DocumentName(string image) => image.Length + ".json".Length <= MaxNameLength
        ? image + ".json"
        : $"sha256-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image)))}.json";

    // Only debug logs have names, because the name of a file can be as private as the image.
    [LoggerMessage(420, LogLevel.Debug, "The questions about {Image} are answered.")]
    private partial void Answered(string image);

    [LoggerMessage(421, LogLevel.Debug, "The questions about {Image} were answered before.")]
    private partial void AlreadyAnswered(string image);

    [LoggerMessage(422, LogLevel.Debug, "{Image} does not exist any more.")]
    private partial void ImageGone(string image);

    [LoggerMessage(425, LogLevel.Debug, "{Image} is a document with answers, not an image.")]
    private partial void NoImage(string image);

    [LoggerMessage(423, LogLevel.Debug, "The questions about {Image} cannot be answered: {Code}.")]
    private partial void ImageFailed(string image, string code);
}
