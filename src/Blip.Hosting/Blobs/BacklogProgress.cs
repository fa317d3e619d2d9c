using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Blip.Hosting.Blobs;

/// <summary>
/// The progress of a backlog: a blob beside the answers. A message that comes twice counts once.
/// </summary>
/// <param name="answers">The container of the documents.</param>
/// <param name="message">A message of the backlog.</param>
/// <param name="time">The clock.</param>
internal sealed class BacklogProgress(BlobContainerClient answers, BacklogMessage message, TimeProvider time)
{
    private readonly BlobClient _blob = answers.GetBlobClient($".backlog/{message.Id}.json");

    /// <summary>Notes a step: how many images and pages it has, and whether it was the last.</summary>
    public Task ListedAsync(int images, int pages, bool isLast, CancellationToken cancellationToken) =>
        ChangeAsync(
            state =>
            {
                Step? before = state.Steps.GetValueOrDefault(message.Step);
                if (before is not null && (before.Images, before.Pages, before.IsLast) == (images, pages, isLast))
                    return false;
                state.Steps[message.Step] = new Step(images, pages, isLast, before?.Done ?? []);
                return true;
            },
            cancellationToken);

    /// <summary>Notes that the images of a page have their documents.</summary>
    public Task DoneAsync(CancellationToken cancellationToken) =>
        ChangeAsync(state => state.Steps.TryGetValue(message.Step, out Step? step) && step.Done.Add(message.Page), cancellationToken);

    private async Task ChangeAsync(Func<State, bool> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            State state = await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (!change(state))
                return;
            if (await JsonBlob.TryReplaceAsync(_blob, Write(state), state.Version, cancellationToken).ConfigureAwait(false))
                return;
        }
    }

    private async Task<State> ReadAsync(CancellationToken cancellationToken)
    {
        BlobDownloadResult stored;
        try
        {
            stored = await _blob.DownloadContentAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return new State(null, time.GetUtcNow(), []);
        }
        using JsonDocument json = JsonDocument.Parse(stored.Content);
        SortedDictionary<int, Step> steps = [];
        foreach (JsonElement step in json.RootElement.GetProperty("steps").EnumerateArray())
        {
            int pages = step.GetProperty("pages").GetInt32();
            steps[step.GetProperty("step").GetInt32()] = new Step(
                step.GetProperty("images").GetInt32(),
                pages,
                step.GetProperty("last").GetBoolean(),
                [.. step.TryGetProperty("done", out JsonElement done)
                    ? done.EnumerateArray().Select(page => page.GetInt32())
                    : Enumerable.Range(0, pages)]);
        }
        return new State(stored.Details.ETag, json.RootElement.GetProperty("started_at").GetDateTimeOffset(), steps);
    }

    private BinaryData Write(State state)
    {
        using MemoryStream body = new();
        using (Utf8JsonWriter writer = new(body))
        {
            Step[] steps = [.. state.Steps.Values];
            bool isListed = steps.Any(step => step.IsLast);
            writer.WriteStartObject();
            writer.WriteString("container", message.Container);
            writer.WriteString("prefix", message.Prefix);
            writer.WriteBoolean("finished", isListed && steps.All(step => step.IsDone));
            writer.WriteBoolean("all_listed", isListed);
            writer.WriteNumber("images", steps.Sum(step => step.Images));
            writer.WriteNumber("pages", steps.Sum(step => step.Pages));
            writer.WriteNumber("pages_done", steps.Sum(step => step.Done.Count));
            writer.WriteString("started_at", state.Started);
            writer.WriteString("updated_at", time.GetUtcNow());
            writer.WriteStartArray("steps");
            foreach ((int number, Step step) in state.Steps)
            {
                writer.WriteStartObject();
                writer.WriteNumber("step", number);
                writer.WriteNumber("images", step.Images);
                writer.WriteNumber("pages", step.Pages);
                writer.WriteBoolean("last", step.IsLast);
                // A step that is done needs no list of its pages.
                if (!step.IsDone)
                {
                    writer.WriteStartArray("done");
                    foreach (int page in step.Done)
                        writer.WriteNumberValue(page);
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return BinaryData.FromBytes(body.ToArray());
    }

    private sealed record State(ETag? Version, DateTimeOffset Started, SortedDictionary<int, Step> Steps);

    private sealed record Step(int Images, int Pages, bool IsLast, SortedSet<int> Done)
    {
        public bool IsDone => Done.Count >= Pages;
    }
}
