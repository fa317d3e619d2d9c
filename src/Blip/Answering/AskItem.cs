namespace Blip;

/// <summary>One image of many, with its questions. Immutable; the image is opened when its turn comes.</summary>
public sealed class AskItem
{
    private readonly Func<CancellationToken, ValueTask<BlipImage>> _open;

    /// <summary>Creates an item for an image in memory.</summary>
    /// <param name="image">The image.</param>
    /// <param name="questions">Its questions, which are copied; with none, the image is only encoded.</param>
    /// <param name="key">The caller's own key for the item.</param>
    public AskItem(BlipImage image, IReadOnlyList<string> questions, object? key = null)
        : this(_ => new ValueTask<BlipImage>(image), questions, key) =>
        ArgumentNullException.ThrowIfNull(image);

    /// <summary>Creates an item for an image that is read later, so that a long list holds no images in memory.</summary>
    /// <param name="open">Reads the image. What it throws is the error of this item alone.</param>
    /// <param name="questions">Its questions, which are copied; with none, the image is only encoded.</param>
    /// <param name="key">The caller's own key for the item.</param>
    public AskItem(Func<CancellationToken, ValueTask<BlipImage>> open, IReadOnlyList<string> questions, object? key = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(questions);
        // A copy: asking reads ahead, and the caller may fill one list again for every item.
        (_open, Questions, Key) = (open, [.. questions], key);
    }

    /// <summary>The questions.</summary>
    public IReadOnlyList<string> Questions { get; }

    /// <summary>The caller's own key for the item.</summary>
    public object? Key { get; }

    /// <summary>How the item's questions are answered; <see cref="AskEachOptions.Ask"/> where <see langword="null"/>.</summary>
    public AskOptions? Options { get; init; }

    /// <summary>Creates an item for a file, which is read when its turn comes.</summary>
    /// <param name="path">The file; also the item's key.</param>
    /// <param name="questions">Its questions.</param>
    public static AskItem FromFile(string path, params IReadOnlyList<string> questions)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new AskItem(
            async token => await BlipImage.FromFileAsync(path, cancellationToken: token).ConfigureAwait(false), questions, path);
    }

    internal ValueTask<BlipImage> OpenAsync(CancellationToken cancellationToken) => _open(cancellationToken);
}
