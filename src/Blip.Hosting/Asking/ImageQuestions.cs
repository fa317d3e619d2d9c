using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Asking;

/// <summary>What every endpoint that answers stands on: an image by whatever reference, and a model that is there. Thread-safe.</summary>
internal sealed class ImageQuestions(BlipService service, ImageSource source, ImageStore store, IOptions<BlipHostingOptions> options)
{
    private readonly ImageSourceScope _scope = new() { Handles = store };

    /// <summary>The encoded image that an address, a data URI or a handle stands for.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ResolveAsync(string reference, CancellationToken cancellationToken) =>
        (await source.ResolveAsync(reference, _scope, cancellationToken).ConfigureAwait(false)).Data;

    /// <summary>Answers one question.</summary>
    public async Task<Answer> AskAsync(BlipImage image, string question, AskOptions? how, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        return await model.AskAsync(image, question, how, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers several, each on its own.</summary>
    public async Task<IReadOnlyList<QuestionOutcome>> AskEachAsync(
        BlipImage image, IReadOnlyList<string> questions, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        return await model.AskEachAsync(image, questions, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <summary>An answer's tokens as text, the start token left out.</summary>
    public async Task<string[]> GetTokensAsync(Answer answer, CancellationToken cancellationToken)
    {
        BlipModel model = await GetModelAsync(cancellationToken).ConfigureAwait(false);
        return [.. answer.TokenIds.Skip(1).Select(model.TokenToText)];
    }

    private async Task<BlipModel> GetModelAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!service.IsReady)
            patience.CancelAfter(options.Value.LoadPatience);
        try
        {
            return await service.GetModelAsync(cancellationToken: patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(Failure.ModelLoading);
        }
    }
}
