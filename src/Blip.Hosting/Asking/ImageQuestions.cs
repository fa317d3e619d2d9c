using Blip.AI;
using Blip.AI.Images;
using Blip.AI.Searching;
using Blip.Hosting.Receiving;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Asking;

/// <summary>
/// Asks the model for the endpoints: finds the image that a request names, and waits for the model if it is still being loaded.
/// Thread-safe.
/// </summary>
internal sealed class ImageQuestions(
    BlipService service, ImageSource source, ImageStore store, CallerTurns turns, IOptions<BlipHostingOptions> options,
    IImageSearch? search = null)
{
    private readonly ImageSourceScope _scope = new() { Handles = new RequestHandles(store, search) };

    /// <summary>Gets the bytes of the image that an address, a data URI or a handle names.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ResolveAsync(string reference, CancellationToken cancellationToken) =>
        (await source.ResolveAsync(reference, _scope, cancellationToken).ConfigureAwait(false)).Data;

    /// <summary>Opens what a request sent.</summary>
    /// <param name="images">One image, or more that are frames.</param>
    /// <param name="frames">Whether they are frames of one image.</param>
    /// <param name="cancellationToken">Ends the wait for an address.</param>
    /// <exception cref="FailureException">Frames that are named have more bytes together than a body may have.</exception>
    public async Task<BlipImage> OpenAsync(IReadOnlyList<SentImage> images, bool frames, CancellationToken cancellationToken)
    {
        List<BlipImage> opened = [];
        // A name is short, but its image may be large: each is fetched once.
        Dictionary<string, BlipImage> named = new(StringComparer.Ordinal);
        foreach (SentImage image in images)
        {
            if (image.Reference is not { } reference)
            {
                opened.Add(BlipImage.FromBytes(image.Bytes));
                continue;
            }
            if (!named.TryGetValue(reference, out BlipImage? found))
            {
                found = BlipImage.FromBytes(await ResolveAsync(reference, cancellationToken).ConfigureAwait(false));
                named.Add(reference, found);
                if (named.Count > 1 && named.Values.Sum(one => (long)one.Length) > options.Value.MaxRequestBytes)
                    throw new FailureException(Failure.FramesTooLarge(options.Value.MaxRequestBytes));
            }
            opened.Add(found);
        }
        return frames ? BlipImage.FromFrames(opened) : opened[0];
    }

    /// <summary>Waits for the model.</summary>
    public Task LoadAsync(CancellationToken cancellationToken) => GetModelAsync(cancellationToken);

    /// <summary>Answers one question.</summary>
    public async Task<Answer> AskAsync(BlipImage image, string question, AskOptions? ask, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(image, question, ask, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers several questions. One that fails fails them all.</summary>
    public async Task<Answer[]> AskAsync(
        BlipImage image, IReadOnlyList<string> questions, AskOptions? ask, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(image, questions, ask, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a list of questions. A question that fails does not affect the others.</summary>
    public async Task<IReadOnlyList<QuestionOutcome>> AskEachAsync(
        BlipImage image, IReadOnlyList<string> questions, AskOptions ask, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return await model.AskEachAsync(
            image, questions, new AskEachOptions { Ask = ask, WaitForPlace = false }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Scores an image by the phrases of a text, and tells which model did.</summary>
    public async Task<(PhraseScore Score, BlipModelInfo Model)> ScoreAsync(
        BlipImage image, IReadOnlyList<string> phrases, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return (await model.ScoreAsync(image, phrases, cancellationToken).ConfigureAwait(false), model.Info);
    }

    /// <summary>Gets what gives a token's text: <see cref="BlipModel.TokenToText"/>.</summary>
    public async Task<Func<int, string>> GetTokenTextsAsync(CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        return model.TokenToText;
    }

    private Task<BlipModel> GetModelAsync(CancellationToken cancellationToken) => LoadPatience.WaitAsync(
        service.IsReady, token => service.GetModelAsync(cancellationToken: token), options.Value, cancellationToken);
}
