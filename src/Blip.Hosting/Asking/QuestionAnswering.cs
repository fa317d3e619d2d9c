namespace Blip.Hosting.Asking;

/// <summary>Answers questions that came in the form of OpenAI or of Ollama. Thread-safe.</summary>
internal sealed class QuestionAnswering(ImageQuestions questions, FamilyCalls family)
{
    /// <summary>Asks the question of each image in turn.</summary>
    public async Task<QuestionReply> AnswerAsync(QuestionRequest request, CancellationToken cancellationToken)
    {
        AskOptions options = AskOptions.Default with
        {
            MaxNewTokens = Math.Min(request.MaxTokens ?? int.MaxValue, AskOptions.Default.MaxNewTokens),
            TopLogProbabilities = request.LogProbabilities ? request.TopLogProbabilities : 0,
        };
        // A caption has no question's tokens, and its own pieces are not those of the model that answers.
        bool describes = family.HasCaptions && request is { Schema: null, LogProbabilities: false } && DescribeRequest.Is(request.Question);
        List<Answer> answers = [];
        for (int i = 0; i < request.Images.Count; i++)
        {
            try
            {
                BlipImage image = BlipImage.FromBytes(
                    await questions.ResolveAsync(request.Images[i], cancellationToken).ConfigureAwait(false));
                if (describes)
                {
                    answers.Add(await DescribeAsync(image, options, cancellationToken).ConfigureAwait(false));
                    continue;
                }
                answers.AddRange(request.Schema is { } schema
                    ? await schema.AskAsync(request.Question, options, (asked, how) => AskAsync(image, asked, how)).ConfigureAwait(false)
                    : await AskAsync(image, [request.Question], options).ConfigureAwait(false));
            }
            catch (BlipException failure) when (request.Images.Count > 1 && IsOfTheImage(failure.Code))
            {
                throw new BlipException(
                    failure.Code, FormattableString.Invariant($"Image {i + 1}: {failure.Message}"), failure.InnerException ?? failure);
            }
        }
        (string content, string? refusal) = request.Schema?.Write(answers) ?? (Join(answers), null);
        return new QuestionReply
        {
            Answers = answers,
            Content = content,
            Refusal = refusal,
            Pieces = request.LogProbabilities
                ? Cut(answers, await questions.GetTokenTextsAsync(cancellationToken).ConfigureAwait(false))
                : null,
        };

        Task<Answer[]> AskAsync(BlipImage image, IReadOnlyList<string> asked, AskOptions how) =>
            questions.AskAsync(image, asked, how, cancellationToken);
    }

    private async Task<Answer> DescribeAsync(BlipImage image, AskOptions options, CancellationToken cancellationToken)
    {
        CaptionOptions limits = new() { MaxNewTokens = options.MaxNewTokens };
        Caption caption = await family.CaptionAsync(image, prompt: null, limits, cancellationToken).ConfigureAwait(false);
        return new Answer
        {
            Text = caption.Text, TokenIds = caption.TokenIds, TokenLogProbabilities = caption.TokenLogProbabilities,
            IsComplete = caption.IsComplete, Timing = caption.Timing, Model = caption.Model,
        };
    }

    private static bool IsOfTheImage(string code) =>
        code.Contains("image", StringComparison.Ordinal) || code.EndsWith("not_allowed", StringComparison.Ordinal)
        || code == BlipErrorCode.TooManyPixels;

    /// <summary>One image has its answer alone; several have a line each, so that one can tell which is which.</summary>
    private static string Join(List<Answer> answers) =>
        answers is [Answer only] ? only.Text : string.Concat(answers.Select((answer, i) => Label(i) + answer.Text));

    private static List<AnswerPiece> Cut(List<Answer> answers, Func<int, string> tokenToText) => answers is [Answer only]
        ? AnswerPieces.Of(only, tokenToText)
        : [.. answers.SelectMany((answer, i) => AnswerPieces.Of(answer, tokenToText).Prepend(AnswerPieces.Label(Label(i))))];

    private static string Label(int image) => FormattableString.Invariant($"{(image > 0 ? "\n" : "")}image {image + 1}: ");
}
