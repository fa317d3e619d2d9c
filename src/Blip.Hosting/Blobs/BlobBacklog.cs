using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;

namespace Blip.Hosting.Blobs;

/// <summary>
/// Answers the images that are in a container already, by a queue: so that the platform shares the work among its instances, and repeats
/// what was interrupted. A message is either a listing, which makes messages with pages of names and one for the next listing, or a page.
/// The progress is in the blob <c>.backlog/{id}.json</c> beside the answers. Thread-safe.
/// </summary>
public sealed class BlobBacklog(BlobAnswering answering, TimeProvider time)
{
    private const int NamesOfAStep = 512, ImagesAtOnce = 4;

    /// <summary>Makes the first message of a backlog.</summary>
    /// <param name="container">The container of the images.</param>
    /// <param name="prefix">Only images whose names begin with this.</param>
    public static string FirstMessage(string container, string prefix = "") =>
        new BacklogMessage(container, prefix, "", 0, null, 0, []).ToString();

    /// <summary>Does the work of one message. A message that comes twice does no harm.</summary>
    /// <param name="message">The text of the message.</param>
    /// <param name="id">The id of the message, which becomes that of the backlog if this is its first message.</param>
    /// <param name="queue">The queue of the messages.</param>
    /// <param name="images">The account of the images.</param>
    /// <param name="answers">The container of the documents. It is created if it does not exist.</param>
    /// <param name="cancellationToken">Ends the work between two images.</param>
    /// <exception cref="FormatException">The text is not a message of a backlog.</exception>
    /// <exception cref="RequestFailedException">The storage failed.</exception>
    /// <exception cref="BlipException">The model cannot be used at the moment.</exception>
    public async Task HandleAsync(
        string message, string id, QueueClient queue, BlobServiceClient images, BlobContainerClient answers,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(answers);
        BacklogMessage work = BacklogMessage.Parse(message);
        if (work.Id.Length == 0)
            work = work with { Id = id };
        BacklogProgress progress = new(answers, work, time);
        BlobContainerClient container = images.GetBlobContainerClient(work.Container);
        if (work.Names.Count == 0)
        {
            await ListAsync(work, progress, container, queue, cancellationToken).ConfigureAwait(false);
            return;
        }
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = ImagesAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(work.Names, parallel, async (name, end) =>
            await answering.AnswerAsync(container.GetBlobClient(name), answers, end).ConfigureAwait(false)).ConfigureAwait(false);
        await progress.DoneAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether a blob may be an image: a side file with questions is none.</summary>
    internal static bool MayBeImage(string name) => !name.EndsWith(BlobQuestions.Suffix, StringComparison.Ordinal);

    private static async Task ListAsync(
        BacklogMessage work, BacklogProgress progress, BlobContainerClient container, QueueClient queue,
        CancellationToken cancellationToken)
    {
        GetBlobsOptions options = new() { Prefix = work.Prefix };
        Page<BlobItem>? listed = null;
        await foreach (Page<BlobItem> page in container.GetBlobsAsync(options, cancellationToken)
            .AsPages(work.Marker, NamesOfAStep).ConfigureAwait(false))
        {
            listed = page;
            break;
        }
        string[] names = [.. (listed?.Values ?? []).Select(blob => blob.Name).Where(MayBeImage)];
        string[][] pages = [.. BacklogMessage.Cut(names)];
        string? next = listed?.ContinuationToken is { Length: > 0 } marker ? marker : null;
        // Before the pages can be done.
        await progress.ListedAsync(names.Length, pages.Length, next is null, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < pages.Length; i++)
            await SendAsync(work with { Page = i, Names = pages[i], Marker = null }).ConfigureAwait(false);
        if (next is not null)
            await SendAsync(work with { Step = work.Step + 1, Marker = next }).ConfigureAwait(false);

        Task SendAsync(BacklogMessage each) => queue.SendMessageAsync(each.ToString(), cancellationToken);
    }
}
