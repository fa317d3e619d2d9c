using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Blip.Answering;
using Blip.Decoding;
using Blip.Networks;
using Blip.Telemetry;

namespace Blip;

public sealed partial class BlipModel
{
    /// <inheritdoc/>
    public IAsyncEnumerable<AskOutcome> AskEachAsync(
        IAsyncEnumerable<AskItem> items, AskEachOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        options ??= new AskEachOptions();
        options.Validate();
        options.Ask.Validate(Config.Text.MaxPositionEmbeddings);
        CheckExplain(options.Ask);
        return AskEachCoreAsync(items, options, cancellationToken);
    }

    private async IAsyncEnumerable<AskOutcome> AskEachCoreAsync(
        IAsyncEnumerable<AskItem> items, AskEachOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp(), done = 0, failed = 0;
        Channel<Task<AskOutcome>> underWay = Channel.CreateUnbounded<Task<AskOutcome>>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        using SemaphoreSlim window = new(options.Window);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task reading = ReadAsync();
        try
        {
            await foreach (Task<AskOutcome> next in underWay.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                // The item was cancelled by a token of this method; the caller gets an exception with the own token.
                cancellationToken.ThrowIfCancellationRequested();
                AskOutcome outcome = await next.ConfigureAwait(false);
                done++;
                failed += outcome.IsAnswered ? 0 : 1;
                options.Progress?.Report(new AskEachProgress(done, failed, Stopwatch.GetElapsedTime(start)));
                yield return outcome;
                window.Release();
            }
            cancellationToken.ThrowIfCancellationRequested();
            // What the list itself threw comes after the outcomes of all that came before it.
            await reading.ConfigureAwait(false);
        }
        finally
        {
            // A caller that has enough, or one that cancels: nothing more is read or begun, and what is under way ends.
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (underWay.Reader.TryRead(out Task<AskOutcome>? left))
                await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ReadAsync()
        {
            try
            {
                IAsyncEnumerator<AskItem> source = items.GetAsyncEnumerator(stop.Token);
                await using (source.ConfigureAwait(false))
                {
                    for (long index = 0; ; index++)
                    {
                        // The place comes first: an item that was taken from the list is in memory.
                        await window.WaitAsync(stop.Token).ConfigureAwait(false);
                        if (!await source.MoveNextAsync().ConfigureAwait(false))
                            return;
                        if (source.Current is not { } item)
                        {
                            throw new ArgumentException(
                                FormattableString.Invariant($"The item at index {index} is null."), nameof(items));
                        }
                        underWay.Writer.TryWrite(AskItemAsync(item, index, options, stop.Token));
                    }
                }
            }
            finally
            {
                underWay.Writer.Complete();
            }
        }
    }

    /// <summary>One item; whatever goes wrong with it, but for cancelling, is its outcome.</summary>
    private async Task<AskOutcome> AskItemAsync(AskItem item, long index, AskEachOptions options, CancellationToken cancellationToken)
    {
        AskOutcome outcome = new() { Item = item, Index = index };
        try
        {
            AskOptions ask = item.Options ?? options.Ask;
            ask.Validate(Config.Text.MaxPositionEmbeddings);
            CheckExplain(ask);
            ask = LeaveOut(ask);
            ChoiceList? choices = ReadChoices(ask);
            // Off the reader's thread: opening may block.
            BlipImage image = await Task.Run(() => item.OpenAsync(cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false)
                ?? throw new BlipException(BlipErrorCode.InvalidRequest, "The function that opens the item returned no image.");
            long start = Stopwatch.GetTimestamp();
            return await _host.ServeAsync(isAsk: true, async trace =>
            {
                (ImageEmbeddings embeddings, AnswerTiming timing) = await _host.GetEmbeddingsAsync(image, cancellationToken)
                    .ConfigureAwait(false);
                return outcome with
                {
                    Answers = await AskApartAsync(embeddings, item.Questions, ask, choices, start, timing, trace, cancellationToken)
                        .ConfigureAwait(false),
                };
            }, options.WaitForPlace ? _host.EnterWhenFreeAsync(cancellationToken) : null).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // One item must not cost the others their answers, whatever it is.
        catch (Exception exception)
            when (!cancellationToken.IsCancellationRequested && !(exception is ObjectDisposedException && _host.IsClosed))
#pragma warning restore CA1031
        {
            return outcome with { Error = AsBlipException(exception) };
        }
    }

    private static BlipException AsBlipException(Exception exception) => exception switch
    {
        BlipException known => known,
        OperationCanceledException => new BlipException(BlipErrorCode.Cancelled, "Opening the image was cancelled.", exception),
        IOException or UnauthorizedAccessException => new BlipException(BlipErrorCode.FileNotFound, "The image cannot be read.", exception),
        _ => new BlipException(BlipErrorCode.Internal, "The image or the question failed for an unexpected reason.", exception),
    };

    /// <summary>Questions that fail alone fail alone. Takes over the caller's reference to the embeddings.</summary>
    private async Task<QuestionOutcome[]> AskApartAsync(
        ImageEmbeddings embeddings, IReadOnlyList<string> questions, AskOptions options, ChoiceList? choices, long start,
        AnswerTiming timing, RequestTrace trace, CancellationToken cancellationToken)
    {
        QuestionOutcome[] outcomes = new QuestionOutcome[questions.Count];
        List<int> asked = [];
        List<int[]> ids = [];
        for (int i = 0; i < outcomes.Length; i++)
        {
            try
            {
                ids.Add(Tokenize(questions[i], options));
                asked.Add(i);
            }
            catch (BlipException exception)
            {
                outcomes[i] = new QuestionOutcome(questions[i], null, exception);
            }
            catch (ArgumentNullException exception)
            {
                outcomes[i] = new QuestionOutcome(questions[i], null,
                    new BlipException(BlipErrorCode.InvalidRequest, "A question is null. Give a text.", exception));
            }
        }

        Request request = new([.. asked.Select(i => questions[i])], [.. ids], options, choices, start);
        Task<QuestionResult>[] tasks = Ask(embeddings, request, cancellationToken);
        List<Answer> answers = [];
        List<QuestionResult> results = [];
        for (int i = 0; i < tasks.Length; i++)
        {
            string question = request.Questions[i];
            try
            {
                QuestionResult result = await tasks[i].ConfigureAwait(false);
                Answer answer = Describe(result, request, i, timing);
                answers.Add(answer);
                results.Add(result);
                outcomes[asked[i]] = new QuestionOutcome(question, answer);
            }
#pragma warning disable CA1031 // As above.
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                outcomes[asked[i]] = new QuestionOutcome(question, null, AsBlipException(exception));
            }
        }
        Trace(results);
        trace.Answered(request.Questions, [.. answers]);
        return outcomes;
    }
}
