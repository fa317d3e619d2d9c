using System.Diagnostics;
using Blip.Caching;
using Blip.Decoding;
using Blip.Images;
using Blip.Networks;
using Blip.Telemetry;
using Blip.Text;

namespace Blip;

public sealed partial class BlipModel
{
    /// <summary>Asks one question about an image.</summary>
    /// <param name="image">The image. One that was asked about lately is not encoded again.</param>
    /// <param name="question">A short question in English, for example <c>how many dogs are in the picture?</c></param>
    /// <param name="options">How to answer; <see cref="AskOptions.Default"/> where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops.</param>
    /// <exception cref="BlipException">The image or the question cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.</exception>
    /// <exception cref="BlipModelException">The network gave a value that is not finite: the weights are damaged.</exception>
    public async Task<Answer> AskAsync(BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default) =>
        (await AskAsync(image, [question], options, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Asks several questions about an image, which is encoded once. Answers come in the order of the questions.</summary>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    public async Task<Answer[]> AskAsync(BlipImage image, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return await ServeAsync(isAsk: true, async trace =>
        {
            Request request = Prepare(questions, options);
            (ImageEmbeddings embeddings, AnswerTiming timing) = await GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            return await AskAsync(embeddings, request, timing, trace, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Asks one question about an image that was encoded before.</summary>
    /// <param name="encoded">The image, from <see cref="EncodeAsync"/> of this model.</param>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="question"/><param name="options"/><param name="cancellationToken"/>
    public async Task<Answer> AskAsync(EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default) =>
        (await AskAsync(encoded, [question], options, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Asks several questions about an image that was encoded before. Answers come in the order of the questions.</summary>
    /// <param name="encoded">The image, from <see cref="EncodeAsync"/> of this model.</param>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="questions">The questions.</param><param name="options"/><param name="cancellationToken"/>
    public async Task<Answer[]> AskAsync(EncodedImage encoded, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        if (encoded.Model != this)
            throw new ArgumentException("This image was encoded by another model. Encode it with the model that is asked.", nameof(encoded));
        return await ServeAsync(isAsk: true, trace =>
        {
            Request request = Prepare(questions, options);
            return AskAsync(encoded.AddReference(), request, new AnswerTiming(), trace, cancellationToken);
        }).ConfigureAwait(false);
    }

    /// <summary>Asks one question about each of several images; they share runs where they can. Answers come in the order of the pairs.</summary>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="pairs">Images and questions.</param><param name="options"/><param name="cancellationToken"/>
    public async Task<Answer[]> AskAsync(IReadOnlyList<(BlipImage Image, string Question)> pairs, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        // Enough at once to fill the runs, few enough to leave places to others.
        using SemaphoreSlim window = new(_options.MaxBatchSize);
        return await Task.WhenAll(pairs.Select(async pair =>
        {
            await window.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await AskAsync(pair.Image, pair.Question, options, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                window.Release();
            }
        })).ConfigureAwait(false);
    }

    /// <summary>Asks a question whose answer is a value: yes or no, a number, one of an enumeration's names.</summary>
    /// <typeparam name="T"><see cref="bool"/>, <see cref="int"/> or an enumeration.</typeparam>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    public async Task<TypedAnswer<T>> AskAsync<T>(BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(await AskAsync(image, question, options, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc cref="AskAsync{T}(BlipImage, string, AskOptions?, CancellationToken)"/>
    public async Task<TypedAnswer<T>> AskAsync<T>(EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(await AskAsync(encoded, question, options, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Encodes an image once, to ask about it often.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="BlipException">The image cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.</exception>
    public async Task<EncodedImage> EncodeAsync(BlipImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        long start = Stopwatch.GetTimestamp();
        return await ServeAsync(isAsk: false, async _ =>
        {
            (ImageEmbeddings embeddings, AnswerTiming timing) = await GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            return new EncodedImage(this, embeddings, timing with { Total = Stopwatch.GetElapsedTime(start) });
        }).ConfigureAwait(false);
    }

    /// <summary>The text of one token of an answer: a special one as it is written, a continuing piece without its mark.</summary>
    /// <param name="token">One of <see cref="Answer.TokenIds"/>.</param>
    public string TokenToText(int token) => _tokenizer.TokenToText(Known(token));

    /// <summary>Whatever is asked of the model passes here: it takes a place in the queue, and is observed.</summary>
    private async Task<T> ServeAsync<T>(bool isAsk, Func<RequestTrace, Task<T>> work)
    {
        using RequestTrace trace = _telemetry.Start(isAsk);
        try
        {
            _gate.Enter();
            _telemetry.RequestsChanged(1);
            try
            {
                return await work(trace).ConfigureAwait(false);
            }
            finally
            {
                _telemetry.RequestsChanged(-1);
                _gate.Leave();
            }
        }
        catch (Exception exception)
        {
            trace.Failed(exception);
            throw;
        }
    }

    private Request Prepare(IReadOnlyList<string> questions, AskOptions? options)
    {
        ArgumentNullException.ThrowIfNull(questions);
        options ??= AskOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1, nameof(options.MaxNewTokens));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MinNewTokens, nameof(options.MinNewTokens));
        int[][] ids = new int[questions.Count][];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = Tokenize(questions[i], options);
        return new Request(questions, ids, options, Stopwatch.GetTimestamp());
    }

    private int[] Tokenize(string question, AskOptions options)
    {
        ArgumentNullException.ThrowIfNull(question);
        TokenizedText text = _tokenizer.Encode(question, options.SpecialTokens, _maxQuestionTokens);
        if (text.Ids.Length <= 2)
            throw new BlipException(BlipErrorCode.QuestionEmpty, "The question is empty. Ask a short question in English, such as \"what is in the picture?\".");
        if (text.Truncated && !options.TruncateQuestion)
        {
            throw new BlipException(BlipErrorCode.QuestionTooLong,
                $"The question has more than the {_maxQuestionTokens} tokens that this model reads. Ask a shorter one, or several.");
        }
        return text.Ids;
    }

    /// <summary>From bytes to embeddings, with a reference for the caller.</summary>
    private async Task<(ImageEmbeddings Embeddings, AnswerTiming Timing)> GetEmbeddingsAsync(BlipImage image, CancellationToken cancellationToken)
    {
        // Everything that a header tells is checked before anything waits.
        long pixelCount = image.ReadHeader(_preprocessor.Options.Limits).Pixels;
        await _pixels.EnterAsync(pixelCount, cancellationToken).ConfigureAwait(false);
        PixelTensor pixels;
        try
        {
            using Activity? span = BlipTelemetry.Source.StartActivity(BlipTelemetry.DecodeSpan);
            pixels = await Task.Run(() => _preprocessor.Process(image, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _pixels.Leave(pixelCount);
        }

        _telemetry.Decoded(pixels);
        AnswerTiming timing = new() { Decode = pixels.DecodeTime, Resize = pixels.ResizeTime };
        PixelTensor? unused = pixels;
        try
        {
            (ImageEmbeddings embeddings, bool encoded) = await _cache.GetAsync(PixelKey.Of(pixels.Span), token =>
            {
                unused = null;
                return _encodings.Enqueue([pixels], token)[0];
            }, cancellationToken).ConfigureAwait(false);
            _telemetry.Remembered(!encoded);
            if (!encoded)
                return (embeddings, timing);
            ModelTelemetry.Span(BlipTelemetry.EncodeSpan, embeddings.EncodeStart, embeddings.EncodeTime);
            return (embeddings, timing with { Vision = embeddings.EncodeTime });
        }
        finally
        {
            unused?.Dispose();
        }
    }

    /// <summary>Takes over the caller's reference to the embeddings.</summary>
    private async Task<Answer[]> AskAsync(ImageEmbeddings embeddings, Request request, AnswerTiming timing, RequestTrace trace, CancellationToken cancellationToken)
    {
        LengthLimits limits = new(request.Options.MinNewTokens, request.Options.MaxNewTokens);
        ImageQuestion[] questions = new ImageQuestion[request.Ids.Length];
        for (int i = 0; i < questions.Length; i++)
            questions[i] = new ImageQuestion(embeddings.AddReference(), request.Ids[i], limits);
        embeddings.Release();
        long bytes = embeddings.Bytes;
        QuestionResult[] results = await Task.WhenAll(_asks.Enqueue(questions, cancellationToken)).ConfigureAwait(false);
        if (embeddings.Bytes != bytes)
            _cache.Recount(embeddings);

        Answer[] answers = new Answer[results.Length];
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = Describe(results[i], request, i, timing);
            if (i == 0 || results[i].Start != results[i - 1].Start)
                Trace(results[i]);
        }
        trace.Answered(request.Questions, answers);
        return answers;
    }

    private static void Trace(QuestionResult run)
    {
        ModelTelemetry.Span(BlipTelemetry.QuestionSpan, run.Start, run.QuestionTime);
        ModelTelemetry.Span(BlipTelemetry.SearchSpan, run.Start + (long)(run.QuestionTime.TotalSeconds * Stopwatch.Frequency), run.SearchTime);
    }

    private Answer Describe(QuestionResult result, Request request, int index, AnswerTiming timing)
    {
        FoundAnswer found = result.Answer;
        double sum = 0;
        foreach (float logProbability in found.LogProbabilities)
            sum += logProbability;
        AnswerAlternative[] alternatives = new AnswerAlternative[found.Alternatives.Count];
        for (int i = 0; i < alternatives.Length; i++)
            alternatives[i] = new AnswerAlternative(TokenToText(found.Alternatives[i].Token), found.Alternatives[i].Probability);
        int[] tokens = [.. found.Tokens];
        return new Answer
        {
            Text = _tokenizer.Decode(Array.ConvertAll(tokens, Known), request.Options.CleanUp),
            TokenIds = tokens,
            TokenLogProbabilities = found.LogProbabilities,
            Confidence = Math.Exp(sum),
            Alternatives = alternatives,
            Timing = timing with { Question = result.QuestionTime, Search = result.SearchTime, Total = Stopwatch.GetElapsedTime(request.Start) },
            Model = Info,
            QuestionTokenCount = request.Ids[index].Length,
            IsComplete = tokens[^1] == Config.Text.SepTokenId,
        };
    }

    /// <summary>A model's vocabulary can be larger than its tokenizer's: such a token has no text.</summary>
    private int Known(int token) => token < _tokenizer.VocabularySize ? token : _tokenizer.UnknownTokenId;

    /// <summary>Runs in a slot.</summary>
    private ImageEmbeddings[] Encode(IReadOnlyList<PixelTensor> images, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ImageEmbeddings embeddings = _network.Encode(images[0].Writable);
        _telemetry.Record(BlipTelemetry.VisionDuration, embeddings.EncodeTime);
        return [embeddings];
    }

    /// <summary>Runs in a slot.</summary>
    private QuestionResult[] Ask(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken)
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            (FoundAnswer[] answers, TimeSpan question, TimeSpan search) = _network.Ask(questions, cancellationToken);
            _telemetry.Record(BlipTelemetry.QuestionDuration, question);
            _telemetry.Record(BlipTelemetry.DecodeDuration, search);
            return Array.ConvertAll(answers, answer => new QuestionResult(answer, start, question, search));
        }
        catch (NonFiniteException exception)
        {
            string where = _checkpoint.FindNonFiniteTensor() is { } tensor ? $"tensor {tensor} holds NaN or infinity" : "a value grew beyond what the precision holds";
            throw new BlipModelException($"The network gave a value that is not finite: {where}. Take the model's files anew from where they were published.", exception);
        }
    }

    private sealed record Request(IReadOnlyList<string> Questions, int[][] Ids, AskOptions Options, long Start);

    private sealed record QuestionResult(FoundAnswer Answer, long Start, TimeSpan QuestionTime, TimeSpan SearchTime);
}
