using System.Numerics.Tensors;
using Blip.Checkpoints;
using Blip.Matching;
using Blip.Networks;
using Blip.Text;

namespace Blip;

/// <summary>
/// A BLIP model that matches images and texts: it tells whether a text is true for an image, and makes embeddings to compare them by.
/// Immutable and thread-safe: one instance serves a whole process and has one queue. Callers beyond
/// <see cref="BlipOptions.MaxRequests"/> are refused with <see cref="BlipBusyException"/>.
/// </summary>
/// <remarks>
/// Its numbers are those of Python transformers' <c>BlipForImageTextRetrieval</c>, each text as if matched alone. Images are read as
/// <see cref="BlipModel"/> reads them.
/// </remarks>
public sealed class BlipMatcher : IBlipMatcher, IAsyncDisposable
{
    /// <summary>
    /// The name of the small matching model for trying Blip without a download, in the package Blip.Models.DemoMatching. It knows drawn
    /// scenes only.
    /// </summary>
    public const string DemoModel = "demo-matching";

    private readonly ModelHost<MatchingNetwork> _host;
    private readonly MatchRuns _runs;

    private BlipMatcher(ModelHost<MatchingNetwork> host) => (_host, _runs) = (host, new MatchRuns(host.Network, host.Runs));

    /// <summary>Model, device and precision.</summary>
    public BlipModelInfo Info => _host.Info;

    /// <summary>The model's sizes and special tokens. <see cref="BlipConfig.EmbeddingSize"/> is the size of an embedding.</summary>
    public BlipConfig Config => _host.Config;

    /// <summary>Loads a model.</summary>
    /// <param name="model">A hub id (<c>Salesforce/blip-itm-base-coco</c>), a folder with a checkpoint, or <c>demo-matching</c>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="BlipModelException">There is no such model, its files are broken, or it is not a matching model.</exception>
    public static Task<BlipMatcher> LoadAsync(string model = DemoModel, CancellationToken cancellationToken = default) =>
        LoadAsync(new BlipOptions { Model = model }, services: null, cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="options">
    /// Which model, where, and within which limits. Copied: later changes change nothing. The model <c>demo</c>, the default of the
    /// options, means <c>demo-matching</c> here.
    /// </param>
    /// <param name="services">The services of the application; the defaults where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BlipModelException">There is no such model, its files are broken, or it is not a matching model.</exception>
    /// <exception cref="BlipException">
    /// The device or the precision is not available here, a package is missing, or the model cannot be downloaded.
    /// </exception>
    public static async Task<BlipMatcher> LoadAsync(
        BlipOptions options, BlipServices? services = null, CancellationToken cancellationToken = default) =>
        new(await ModelHost<MatchingNetwork>.LoadAsync(ModelKinds.Matching, options, services, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<TextMatch[]> MatchAsync(
        BlipImage image, IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(texts);
        return await _host.ServeAsync(isAsk: false, async _ =>
        {
            int[][] ids = Tokenize(texts);
            (ImageEmbeddings embeddings, AnswerTiming _) = await _host.GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            float[] vector = VectorOf(embeddings, cancellationToken);
            ImageText[] asked = Array.ConvertAll(ids, one => new ImageText(embeddings.AddReference(), one));
            embeddings.Release();
            MatchResult[] results = await Task.WhenAll(_runs.Match(asked, cancellationToken)).ConfigureAwait(false);
            return results.Select((result, i) => new TextMatch(texts[i], result.Match, Cosine(vector, result.Vector))).ToArray();
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<float[]> EmbedAsync(BlipImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return await _host.ServeAsync(isAsk: false, async _ =>
        {
            (ImageEmbeddings embeddings, AnswerTiming _) = await _host.GetEmbeddingsAsync(image, cancellationToken).ConfigureAwait(false);
            float[] vector = VectorOf(embeddings, cancellationToken);
            embeddings.Release();
            return (float[])vector.Clone();
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<float[][]> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return await _host.ServeAsync(isAsk: false, async _ =>
        {
            ImageText[] asked = Array.ConvertAll(Tokenize(texts), ids => new ImageText(Embeddings: null, ids));
            MatchResult[] results = await Task.WhenAll(_runs.Match(asked, cancellationToken)).ConfigureAwait(false);
            return Array.ConvertAll(results, result => result.Vector);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Identifies this model, for embeddings that are kept: embeddings of another model have no meaning for this one. The first call
    /// reads all weights. It takes no place in the queue.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public Task<string> GetDigestAsync(CancellationToken cancellationToken = default) => _host.GetDigestAsync(cancellationToken);

    /// <summary>The tokens of a text that the model reads, [CLS] and [SEP] included.</summary>
    internal int CountTokens(string text) => _host.Tokenizer.Encode(text, maxLength: _host.MaxTextTokens).Ids.Length;

    /// <summary>Waits for the requests under way, refuses new ones, and frees everything. A second call waits too.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private int[][] Tokenize(IReadOnlyList<string> texts)
    {
        int[][] ids = new int[texts.Count][];
        for (int i = 0; i < ids.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(texts[i], nameof(texts));
            TokenizedText text = _host.Tokenizer.Encode(texts[i], maxLength: _host.MaxTextTokens);
            ids[i] = text.Ids;
            if (text.Ids.Length <= 2)
            {
                throw new BlipException(BlipErrorCode.QuestionEmpty,
                    "The text is empty. Give a short text in English, such as \"two dogs on a meadow\".");
            }
            if (text.Truncated)
            {
                throw new BlipException(BlipErrorCode.QuestionTooLong,
                    $"The text has more than the {_host.MaxTextTokens} tokens that this model reads. Give a shorter one, or several.");
            }
        }
        return ids;
    }

    private float[] VectorOf(ImageEmbeddings embeddings, CancellationToken cancellationToken)
    {
        try
        {
            return _host.Network.VectorOf(embeddings, cancellationToken);
        }
        catch
        {
            embeddings.Release();
            throw;
        }
    }

    private static double Cosine(float[] image, float[] text) => Math.Clamp(TensorPrimitives.Dot<float>(image, text), -1, 1);
}
