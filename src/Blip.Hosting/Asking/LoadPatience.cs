namespace Blip.Hosting.Asking;

/// <summary>Waits for a model that is still being loaded, as long as <see cref="BlipHostingOptions.LoadPatience"/> says.</summary>
internal static class LoadPatience
{
    /// <exception cref="FailureException">The patience ended, or the service stopped, while the model was loading.</exception>
    public static async Task<TModel> WaitAsync<TModel>(
        bool isReady, Func<CancellationToken, Task<TModel>> load, BlipHostingOptions options, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!isReady)
            limit.CancelAfter(options.LoadPatience);
        try
        {
            return await load(limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(Failure.ModelLoading);
        }
    }
}
