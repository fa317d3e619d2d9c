using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Blip.Hub;

/// <summary>
/// Downloads one file into the cache. It holds the file's lock, continues where an earlier download stopped, and puts the file into
/// the snapshot only when its hash is right.
/// </summary>
internal sealed class HubDownload(
    HubSettings settings, HubTransport transport, HubRepository repository, HubModelId model, HubMeter meter, ILogger logger)
{
    private const int MaxMismatches = 2;

    // A server that sends less than StallBytes within one idle timeout has stalled. An attempt that brings ProgressBytes more than
    // the best attempt before it has made progress, and the count of failures starts again.
    private const int StallBytes = 16 * 1024;
    private const int ProgressBytes = 1024 * 1024;

    public async Task FetchAsync(HubFile file, CancellationToken cancellationToken)
    {
        using HubFileLock held = await HubFileLock.WaitAsync(
            repository.Lock(file), settings.Options.TimeProvider, () => logger.Waiting(file.Name), cancellationToken).ConfigureAwait(false);
        if (!repository.Has(file.Commit, file.Name))
        {
            bool isNew = !repository.HasBlob(file);
            if (isNew)
                await FetchBlobAsync(file, cancellationToken).ConfigureAwait(false);
            if (!repository.Publish(file, isNew))
                logger.NoLinks(file.Name);
            logger.Completed(file.Name, file.Size);
        }
        meter.Set(file, file.Size, done: true);
    }

    private async Task FetchBlobAsync(HubFile file, CancellationToken cancellationToken)
    {
        string path = repository.Partial(file);
        repository.AdoptPartial(file);
        for (int mismatches = 1; ; mismatches++)
        {
            if (await ReceiveAllAsync(path, file, cancellationToken).ConfigureAwait(false))
            {
                File.Move(path, repository.Blob(file), overwrite: true);
                return;
            }
            File.Delete(path);
            logger.Mismatch(file.Name, file.Etag);
            if (mismatches == MaxMismatches)
                throw HubErrors.Corrupt(model, file);
        }
    }

    private async Task<bool> ReceiveAllAsync(string path, HubFile file, CancellationToken cancellationToken)
    {
        HubPartial partial = await HubPartial.OpenAsync(path, file, cancellationToken).ConfigureAwait(false);
        await using (partial.ConfigureAwait(false))
        {
            if (partial.Length > 0)
                logger.Resuming(file.Name, partial.Length, file.Size);
            long best = partial.Length;
            await transport.RetryAsync(file.Name, settings.Options.Retries, async token =>
            {
                try
                {
                    await ReceiveAsync(partial, file, token).ConfigureAwait(false);
                    return true;
                }
                catch (HubAttemptException e) when (partial.Length >= best + ProgressBytes)
                {
                    best = partial.Length;
                    throw new HubAttemptException(e.Message, e.RetryAfter, e) { MadeProgress = true, Storage = e.Storage };
                }
            }, cancellationToken).ConfigureAwait(false);
            return partial.Matches();
        }
    }

    private async Task ReceiveAsync(HubPartial partial, HubFile file, CancellationToken cancellationToken)
    {
        meter.Set(file, partial.Length);
        if (partial.Length == file.Size)
            return;
        using HttpResponseMessage response = await transport.GetAsync(model, file, partial.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            CheckStart(response, partial, file);
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
                await CopyAsync(body, partial, file, cancellationToken).ConfigureAwait(false);
            if (partial.Length < file.Size)
                throw new HubAttemptException(FormattableString.Invariant($"it sent {partial.Length} of {file.Size} bytes"));
        }
        catch (HubAttemptException e)
        {
            e.Storage = transport.StorageOf(response);
            throw;
        }
    }

    // The response must continue exactly where the partial file ends. If it does not, the download of this file starts again.
    private static void CheckStart(HttpResponseMessage response, HubPartial partial, HubFile file)
    {
        if (response.Content.Headers.ContentType?.MediaType == "text/html")
            throw Changeless("it sent a web page instead of the file, perhaps from a proxy or a sign-in page");
        if (response.Content.Headers.ContentEncoding.Any(encoding => encoding != "identity"))
            throw Changeless("it sent the file compressed, although the request does not allow that");
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                if (partial.Length > 0)
                    partial.Restart();
                break;
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange is { } range
                && range.From == partial.Length && (range.Length ?? file.Size) == file.Size:
                break;
            default:
                partial.Restart();
                throw new HubAttemptException("it sent another part of the file than the request asked for");
        }
    }

    private static HubAttemptException Changeless(string reason) => new(reason) { IsChangeless = true };

    private async Task CopyAsync(Stream body, HubPartial partial, HubFile file, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stall = new(settings.StallTimeout, settings.Options.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(HubPartial.BufferBytes);
        try
        {
            long resetTimerAt = partial.Length + StallBytes;
            int read;
            while ((read = await ReadAsync(body, buffer, either.Token, cancellationToken).ConfigureAwait(false)) > 0)
            {
                if (partial.Length + read > file.Size)
                {
                    partial.Restart();
                    throw Changeless(FormattableString.Invariant($"it sent more than the {file.Size} bytes it announced"));
                }
                await partial.AppendAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                meter.Set(file, partial.Length, read);
                if (partial.Length >= resetTimerAt)
                {
                    resetTimerAt = partial.Length + StallBytes;
                    stall.CancelAfter(settings.StallTimeout);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<int> ReadAsync(
        Stream body, Memory<byte> buffer, CancellationToken stalledOrCancelled, CancellationToken cancelled)
    {
        try
        {
            return await body.ReadAsync(buffer, stalledOrCancelled).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancelled.IsCancellationRequested)
        {
            throw new HubAttemptException("it stopped sending", innerException: e);
        }
        catch (IOException e)
        {
            throw new HubAttemptException("the connection was lost", innerException: e);
        }
    }
}
