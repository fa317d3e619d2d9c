using System.Diagnostics;
using System.Numerics.Tensors;
using Blip.Answering;
using Blip.Decoding;
using Blip.Networks;
using Blip.Telemetry;
using Blip.Text;

namespace Blip;

public sealed partial class BlipModel
{
    /// <inheritdoc/>
    public async Task<Answer> AskAsync(
        BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default) =>
        (await AskAsync(image, [question], options, cancellationToken).ConfigureAwait(false))[0];

    /// <inheritdoc/>
    public async Task<Answer[]> AskAsync(
        BlipImage image, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        options = Check(questions, options);
        return await _host.ServeAsync(isAsk: true, async trace =>
        {
            Request request = Prepare(questions, options);
            (ImageEmbeddings embeddings, AnswerTiming timing) =
                await _host.GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            return await AskAsync(embeddings, request, timing, trace, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Answer> AskAsync(
        EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default) =>
        (await AskAsync(encoded, [question], options, cancellationToken).ConfigureAwait(false))[0];

    /// <inheritdoc/>
    public async Task<Answer[]> AskAsync(
        EncodedImage encoded, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        if (encoded is not ModelEncodedImage own || own.Model != this)
        {
            throw new ArgumentException(
                "This image was encoded by another model. Encode it with the model that you ask.", nameof(encoded));
        }
        options = Check(questions, options);
        return await _host.ServeAsync(isAsk: true, trace =>
        {
            Request request = Prepare(questions, options);
            return AskAsync(own.AddReference(), request, new AnswerTiming(), trace, cancellationToken);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<EncodedImage> EncodeAsync(BlipImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        long start = Stopwatch.GetTimestamp();
        return await _host.ServeAsync<EncodedImage>(isAsk: false, async _ =>
        {
            (ImageEmbeddings embeddings, AnswerTiming timing) =
                await _host.GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            return new ModelEncodedImage(this, embeddings, timing with { Total = Stopwatch.GetElapsedTime(start) });
        }).ConfigureAwait(false);
    }

    /// <summary>Says early, before any image is read, what is wrong with options whatever is asked.</summary>
    /// <exception cref="BlipException">A value is out of range, or a choice cannot be ranked.</exception>
    internal void Check(AskOptions options)
    {
        _ = Check([], options);
        _ = ReadChoices(options);
    }

    /// <summary>Everything that needs no tokens is checked before anybody waits.</summary>
    private AskOptions Check(IReadOnlyList<string> questions, AskOptions? options)
    {
        ArgumentNullException.ThrowIfNull(questions);
        options ??= AskOptions.Default;
        options.Validate(Config.Text.MaxPositionEmbeddings);
        CheckExplain(options);
        return LeaveOut(options);
    }

    private void CheckExplain(AskOptions options)
    {
        if (options.Explain && Info.Device != "cpu")
        {
            throw new BlipException(
                BlipErrorCode.DeviceUnavailable, "Evidence (explain) works on a CPU only. Load the model on a CPU, or leave out explain.");
        }
    }

    private Request Prepare(IReadOnlyList<string> questions, AskOptions options)
    {
        int[][] ids = new int[questions.Count][];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = Tokenize(questions[i], options);
        return new Request(questions, ids, options, ReadChoices(options), Stopwatch.GetTimestamp());
    }

    /// <summary>The options with the choices that can be ranked, where others are to be left out.</summary>
    private AskOptions LeaveOut(AskOptions options) => options is not { ChoicesThatCan: true, Choices: { } choices } ? options
        : options with { Choices = ChoiceTokens.Rankable(choices, _host.Tokenizer, Config.Text.MaxPositionEmbeddings) };

    private ChoiceList? ReadChoices(AskOptions options) =>
        options.Choices is null ? null : ChoiceTokens.Read(options, _host.Tokenizer, Config.Text.MaxPositionEmbeddings);

    private int[] Tokenize(string question, AskOptions options)
    {
        ArgumentNullException.ThrowIfNull(question);
        TokenizedText text = _host.Tokenizer.Encode(question, options.SpecialTokens, _host.MaxTextTokens);
        if (text.Ids.Length <= 2)
        {
            throw new BlipException(BlipErrorCode.QuestionEmpty,
                "The question is empty. Ask a short question in English, such as \"what is in the picture?\".");
        }
        if (text.Truncated && !options.TruncateQuestion)
        {
            throw new BlipException(BlipErrorCode.QuestionTooLong,
                $"The question has more than the {_host.MaxTextTokens} tokens that this model reads. Ask a shorter one, or several.");
        }
        return text.Ids;
    }

    /// <summary>Takes over the caller's reference to the embeddings.</summary>
    private async Task<Answer[]> AskAsync(
        ImageEmbeddings embeddings, Request request, AnswerTiming timing, RequestTrace trace, CancellationToken cancellationToken)
    {
        Task<QuestionResult>[] tasks = Ask(embeddings, request, cancellationToken);
        QuestionResult[] results = await Task.WhenAll(tasks).ConfigureAwait(false);
        Answer[] answers = new Answer[results.Length];
        for (int i = 0; i < answers.Length; i++)
            answers[i] = Describe(results[i], request, i, timing);
        Trace(results);
        trace.Answered(request.Questions, answers);
        return answers;
    }

    /// <summary>Takes over the caller's reference to the embeddings.</summary>
    private Task<QuestionResult>[] Ask(ImageEmbeddings embeddings, Request request, CancellationToken cancellationToken)
    {
        AskOptions options = request.Options;
        if (options.Explain && embeddings.Frames > 1)
        {
            embeddings.Release();
            throw new BlipException(
                BlipErrorCode.InvalidRequest,
                "Evidence (explain) works for one image, not for frames. Leave out explain, or give one image.");
        }
        // An answer ends where the decoder has no positions left, as if the limit were there.
        AnswerLimits limits = new(
            options.MinNewTokens, Math.Min(options.MaxNewTokens, Config.Text.MaxPositionEmbeddings), options.TopLogProbabilities)
        {
            Temperatures = options.Temperatures ?? (Calibration is { } calibration ? [calibration.Temperature] : null),
        };
        BeamPlan? beams = options.PlanBeams();
        ImageQuestion[] questions = new ImageQuestion[request.Ids.Length];
        for (int i = 0; i < questions.Length; i++)
        {
            questions[i] = new ImageQuestion(embeddings.AddReference(), request.Ids[i], limits)
            {
                Beams = beams,
                Choices = request.Choices,
                ComparedIds = options.Explain ? _wholeImage.Value : null,
            };
        }
        embeddings.Release();
        return _runs.Ask(questions, cancellationToken);
    }

    /// <summary>The spans of the runs that gave the results, once for each run.</summary>
    private static void Trace(IEnumerable<QuestionResult> results)
    {
        foreach (QuestionResult run in results.DistinctBy(result => result.Start))
        {
            ModelTelemetry.Span(BlipTelemetry.QuestionSpan, run.Start, run.QuestionTime);
            ModelTelemetry.Span(
                BlipTelemetry.SearchSpan, run.Start + (long)(run.QuestionTime.TotalSeconds * Stopwatch.Frequency), run.SearchTime);
        }
    }

    private Answer Describe(QuestionResult result, Request request, int index, AnswerTiming timing)
    {
        FoundAnswer found = result.Answer;
        AskOptions options = request.Options;
        bool isFit = options.Temperatures is not null;
        // The temperature was fitted to exact scores, and to no others.
        double? choicesTemperature = !isFit && options is { ChoicesK: 0, ChoicesPerToken: false, ChoicesByFirstToken: false }
            ? Calibration?.ChoicesTemperature : null;
        bool isCalibrated = options.Choices is null ? Calibration is not null && !isFit : choicesTemperature is not null;
        int[] tokens = [.. found.Tokens];
        Answer answer = new()
        {
            Text = TextOf(tokens, options),
            TokenIds = tokens,
            TokenLogProbabilities = found.LogProbabilities,
            TopLogProbabilities = [.. found.Top.Select((top, place) => DescribeTop(top, tokens.AsSpan(0, place + 1)))],
            Confidence = ConfidenceOf(found),
            IsCalibrated = isCalibrated,
            TemperedLogProbabilities = isFit ? found.TemperedLogProbabilities : [],
            Timing = timing with
            {
                Question = result.QuestionTime,
                Search = result.SearchTime,
                Total = Stopwatch.GetElapsedTime(request.Start),
            },
            Evidence = found.Evidence is { } parts ? DescribeEvidence(parts) : null,
            Model = Info,
            QuestionTokenCount = request.Ids[index].Length,
            IsComplete = tokens[^1] == Config.Text.SepTokenId,
        };
        if (options.Choices is { } choices)
            return Judge(Ranked.Describe(answer, choices, found.Ranked, choicesTemperature ?? 1));
        AnswerSequence[] sequences =
            [.. found.Sequences.Select(one => new AnswerSequence(TextOf(one.Answer.Tokens, options), one.Answer.Tokens, one.Score))];
        return Judge(answer with
        {
            Sequences = sequences,
            Alternatives = sequences.Length > 0
                ? [.. sequences.Select((one, i) => new AnswerAlternative(one.Text, ConfidenceOf(found.Sequences[i].Answer)))]
                : [.. found.Alternatives.Where(IsAnswer).Take(Ranked.AlternativeCount).Select(one =>
                    new AnswerAlternative(IsSpecial(one) ? "" : TokenToText(one.Token), MathF.Exp(one.LogProbability)))],
        });

        bool IsSpecial((int Token, float) one) => _host.Tokenizer.IsSpecial(_host.Known(one.Token));

        // A special token is no answer, except where the answer begins with it.
        bool IsAnswer((int Token, float) one) => !IsSpecial(one) || one.Token == tokens[1];

        double ConfidenceOf(FoundAnswer one) =>
            Math.Exp(!isFit && one.TemperedLogProbabilities is [double tempered] ? tempered : one.LogProbability);

        Answer Judge(Answer found) => found with { IsLowConfidence = found.Confidence < options.MinConfidence };
    }

    /// <summary>The strongest part is 1; what is looked at no more than by any question is 0.</summary>
    private static Evidence DescribeEvidence(float[] parts)
    {
        int side = (int)Math.Sqrt(parts.Length);
        float most = TensorPrimitives.Max<float>(parts);
        float[] values = Array.ConvertAll(parts, part => most > 0 ? Math.Max(0, part / most) : 0);
        return new Evidence(side, side, values);
    }

    private string TextOf(IEnumerable<int> tokens, AskOptions options) =>
        _host.Tokenizer.Decode([.. tokens.Select(_host.Known)], options.CleanUp);

    private TokenLogProbability[] DescribeTop((int Token, float LogProbability)[] top, ReadOnlySpan<int> before)
    {
        bool isFirst = true;
        foreach (int token in before)
            isFirst &= _host.Tokenizer.IsSpecial(_host.Known(token));
        return Array.ConvertAll(top, one =>
            new TokenLogProbability(one.Token, _host.Tokenizer.PieceOf(_host.Known(one.Token), isFirst), one.LogProbability));
    }

    private sealed record Request(
        IReadOnlyList<string> Questions, int[][] Ids, AskOptions Options, ChoiceList? Choices, long Start);
}
