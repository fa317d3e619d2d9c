using System.Diagnostics;
using Blip.Answering;
using Blip.Captioning;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Networks;
using Blip.Text;

namespace Blip;

/// <summary>
/// A BLIP captioning model, ready to describe images. Immutable and thread-safe: one instance serves a whole process and has one queue.
/// Callers beyond <see cref="BlipOptions.MaxRequests"/> are refused with <see cref="BlipBusyException"/>.
/// </summary>
/// <remarks>
/// Captions are those of Python transformers' <c>generate</c> for <c>BlipForConditionalGeneration</c>, token for token, each image as if
/// captioned alone. Images are read as <see cref="BlipModel"/> reads them.
/// </remarks>
public sealed class BlipCaptioner : IBlipCaptioner, IAsyncDisposable
{
    /// <summary>
    /// The name of the small captioning model for trying Blip without a download, in the package Blip.Models.DemoCaption. It knows drawn
    /// scenes only.
    /// </summary>
    public const string DemoModel = "demo-caption";

    private readonly ModelHost<CaptioningNetwork> _host;
    private readonly CaptionRuns _runs;

    private BlipCaptioner(ModelHost<CaptioningNetwork> host) => (_host, _runs) = (host, new CaptionRuns(host.Network, host.Runs));

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info => _host.Info;

    /// <summary>The model's sizes and special tokens.</summary>
    public BlipConfig Config => _host.Config;

    /// <summary>Loads a model.</summary>
    /// <param name="model">
    /// A hub id (<c>Salesforce/blip-image-captioning-large</c>), a folder with a checkpoint, or <c>demo-caption</c>.
    /// </param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="BlipModelException">There is no such model, its files are broken, or it is not a captioning model.</exception>
    public static Task<BlipCaptioner> LoadAsync(string model = DemoModel, CancellationToken cancellationToken = default) =>
        LoadAsync(new BlipOptions { Model = model }, services: null, cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="options">
    /// Which model, where, and within which limits. Copied: later changes change nothing. The model <c>demo</c>, the default of the
    /// options, means <c>demo-caption</c> here.
    /// </param>
    /// <param name="services">The services of the application; the defaults where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BlipModelException">There is no such model, its files are broken, or it is not a captioning model.</exception>
    /// <exception cref="BlipException">
    /// The device or the precision is not available here, a package is missing, or the model cannot be downloaded.
    /// </exception>
    public static async Task<BlipCaptioner> LoadAsync(
        BlipOptions options, BlipServices? services = null, CancellationToken cancellationToken = default) =>
        new(await ModelHost<CaptioningNetwork>.LoadAsync(ModelKinds.Captioning, options, services, cancellationToken)
            .ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<Caption> CaptionAsync(
        BlipImage image, string? prompt = null, CaptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        options ??= CaptionOptions.Default;
        AskOptions search = options.AsAskOptions();
        search.Validate(Config.Text.MaxPositionEmbeddings);
        long start = Stopwatch.GetTimestamp();
        return await _host.ServeAsync(isAsk: false, async _ =>
        {
            int[] tokens = Tokenize(prompt);
            int positions = Config.Text.MaxPositionEmbeddings - tokens.Length;
            AnswerLimits limits = new(Math.Min(options.MinNewTokens, positions), Math.Min(options.MaxNewTokens, positions));
            (ImageEmbeddings embeddings, AnswerTiming timing) =
                await _host.GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            ImageCaption asked = new(embeddings, tokens, limits, search.PlanBeams());
            QuestionResult result = await _runs.CaptionAsync(asked, cancellationToken).ConfigureAwait(false);
            return Describe(result, tokens, options, timing with { Total = Stopwatch.GetElapsedTime(start) });
        }).ConfigureAwait(false);
    }

    /// <summary>Waits for the captions under way, refuses new ones, and frees everything. A second call waits too.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>The prompt's tokens without [CLS] and [SEP]. The decoder has a position left for one more.</summary>
    private int[] Tokenize(string? prompt)
    {
        if (string.IsNullOrEmpty(prompt))
            return [];
        TokenizedText text = _host.Tokenizer.Encode(prompt, maxLength: _host.MaxTextTokens);
        return text.Truncated
            ? throw new BlipException(BlipErrorCode.QuestionTooLong,
                $"The prompt has more than the {_host.MaxTextTokens - 2} tokens that a caption may begin with. Give a shorter one.")
            : text.Ids[1..^1];
    }

    private Caption Describe(QuestionResult result, int[] prompt, CaptionOptions options, AnswerTiming timing)
    {
        int[] tokens = WithPrompt(result.Answer.Tokens);
        return new Caption
        {
            Text = TextOf(tokens),
            TokenIds = tokens,
            TokenLogProbabilities = result.Answer.LogProbabilities,
            IsComplete = tokens[^1] == Config.Text.SepTokenId,
            Sequences = [.. result.Answer.Sequences.Select(one =>
            {
                int[] all = WithPrompt(one.Answer.Tokens);
                return new AnswerSequence(TextOf(all), all, one.Score);
            })],
            Timing = timing with { Question = result.QuestionTime, Search = result.SearchTime },
            Model = Info,
        };

        int[] WithPrompt(IReadOnlyList<int> found) => [found[0], .. prompt, .. found.Skip(1)];

        string TextOf(int[] all) => _host.Tokenizer.Decode(Array.ConvertAll(all, _host.Known), options.CleanUp);
    }
}
