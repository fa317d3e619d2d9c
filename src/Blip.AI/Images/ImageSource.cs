using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Blip.AI.Images;

/// <summary>
/// Gets the bytes of an image reference, as a person or a model writes it, under one policy: <see cref="ImageSourceOptions"/>. Immutable
/// and thread-safe; one instance serves a whole process.
/// </summary>
/// <remarks>
/// The text of a reference alone decides what it is, in this order:
/// <list type="number">
/// <item><c>data:</c> at the start: a data URI.</item>
/// <item><c>http:</c> or <c>https:</c>: an address.</item>
/// <item><c>file:</c>: a file on this machine, by its full path.</item>
/// <item>Another scheme of two or more letters and a colon: refused. (<c>./a:b.jpg</c> is a file.)</item>
/// <item><c>image-</c> with digits, or <c>sha256-</c> with 64 hex digits: a handle. (<c>./image-1</c> is a file.) What a model makes of one
/// is taken for it too, where there is such an image: <c>IMAGE-1</c>, <c>image 1</c>, <c>image-1.jpg</c>. <c>sha256-</c> with anything
/// else, but without a folder or an extension, is a handle that is cut or mistyped: no image has it.</item>
/// <item>Everything else: a path. A relative one is looked for in each allowed folder, or, where every file is allowed, in the current
/// folder.</item>
/// </list>
/// Addresses: the connection goes to the IP address that was checked, so a name that resolves to another one later gains nothing. Where
/// one IP address of a host is refused, the host is refused. Each redirect passes the whole policy. No cookie, credential or trace header
/// is sent, and no proxy is used but for <see cref="ImageSourceOptions.Unrestricted"/>. Files: links are resolved before the check, and
/// the opened file is checked again.
/// </remarks>
public sealed partial class ImageSource : IDisposable
{
    /// <summary>The <see cref="ResolvedImage.Source"/> of a data URI.</summary>
    internal const string DataUriName = "data URI";

    private const int MaxReferenceLength = 4096;

    private readonly int _maxBytes;
    private readonly TimeSpan _timeout;
    private readonly ImageDownloader _downloader;
    private readonly ImageFiles _files;

    /// <summary>Creates a source with this policy.</summary>
    /// <param name="options">The policy; its values are copied.</param>
    /// <exception cref="OptionsValidationException">A value is out of its range; the message names it.</exception>
    public ImageSource(ImageSourceOptions options)
        : this(options, resolve: null, mayConnect: null)
    {
    }

    /// <summary>For tests, with their own name service and their own rule for IP addresses.</summary>
    internal ImageSource(
        ImageSourceOptions options, Func<string, CancellationToken, Task<IPAddress[]>>? resolve, Predicate<IPAddress>? mayConnect)
    {
        new ImageSourceOptionsValidator().Check(options);
        (AllowsDataUris, AllowsAddresses) = (options.AllowDataUris, options.AllowedHosts.Count > 0);
        AllowedFolders = [.. options.AllowedFolders];
        _maxBytes = options.MaxBytes;
        _timeout = options.Timeout;
        _downloader = new ImageDownloader(options, resolve, mayConnect);
        _files = new ImageFiles(options);
    }

    internal bool AllowsDataUris { get; }

    internal bool AllowsAddresses { get; }

    internal bool AllowsFiles => AllowedFolders.Count > 0;

    /// <summary>The folders of the options, which their operator named.</summary>
    internal IReadOnlyList<string> AllowedFolders { get; }

    /// <summary>Whether only a path can be meant: the folders of a conversation matter for no other reference.</summary>
    internal static bool NeedsFolders(string image)
    {
        image = image.Trim();
        return !image.StartsWith("data:", StringComparison.OrdinalIgnoreCase) && image.Length is > 0 and <= MaxReferenceLength
            && !HandleForm.IsMatch(image)
            && SchemeForm.Match(image).Value is var scheme
            && (scheme.Length == 0 || scheme.Equals("file:", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether a relative path is taken for nothing else, such as an address or a handle.</summary>
    internal static bool IsPlainPath(string path) =>
        path.Length == path.AsSpan().Trim().Length && !SchemeForm.IsMatch(path) && !HandleForm.IsMatch(path)
        && !MeantHandleForm.IsMatch(path);

    /// <summary>Whether a reference is a file that may be read by the options alone.</summary>
    internal Task<bool> HasFileAsync(string image, CancellationToken cancellationToken) =>
        Task.Run(() => _files.Resolve(image.Trim(), []) is not null, cancellationToken).WaitAsync(cancellationToken);

    /// <summary>Lists the newest image files that may be read; a folder that cannot be read in time counts as empty.</summary>
    /// <param name="folders">Those of the conversation.</param>
    /// <param name="most">The most files.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<ImageFileList> ListFilesAsync(IReadOnlyList<string> folders, int most, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => _files.List(folders, most), cancellationToken).WaitAsync(_timeout, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return ImageFileList.Empty;
        }
    }

    /// <summary>Fetches the bytes of an image.</summary>
    /// <param name="image">An http(s) address, a <c>file:</c> address, a path, a data URI or a handle.</param>
    /// <param name="scope">The handles and folders of this conversation; null for none.</param>
    /// <param name="cancellationToken">Ends the wait; <see cref="ImageSourceOptions.Timeout"/> ends it too.</param>
    /// <returns>At least one byte, at most <see cref="ImageSourceOptions.MaxBytes"/>.</returns>
    /// <exception cref="BlipException">
    /// The reference is refused or leads nowhere: <c>invalid_request</c>, <c>host_not_allowed</c>, <c>address_not_allowed</c>,
    /// <c>file_not_allowed</c>, <c>file_not_found</c>, <c>image_not_found</c>, <c>image_too_large</c>, <c>unsupported_image</c>
    /// (nothing in it), <c>image_fetch_failed</c> (where the host did answer, the inner <see cref="HttpRequestException"/> has the
    /// status), or <c>timeout</c>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async ValueTask<ResolvedImage> ResolveAsync(
        string image, ImageSourceScope? scope = null, CancellationToken cancellationToken = default)
    {
        image = image.Trim();
        if (image.Length == 0)
            throw Invalid($"No image is given. Give {Kinds(scope)}.");

        if (image.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            return new ResolvedImage(ReadDataUri(image, scope), DataUriName);

        if (image.Length > MaxReferenceLength || image.AsSpan().ContainsAnyInRange('\0', '\x1f'))
            throw Invalid($"The image reference is too long or has control characters. Give {Kinds(scope)}.");

        bool isHandle = HandleForm.IsMatch(image);
        Match meant = MeantHandleForm.Match(image);
        if (isHandle || meant.Success)
        {
            string handle = meant.Success ? $"image-{meant.Groups["number"].Value}" : image;
            if (scope?.Handles is { } handles && handles.TryGet(handle, out ReadOnlyMemory<byte> data))
                return new ResolvedImage(data, handle);
            if (isHandle)
            {
                throw new BlipException(
                    ImageSourceErrorCode.ImageNotFound, "There is no image with this handle, or it was removed. Send the image again.");
            }
        }

        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_timeout);
        try
        {
            ResolvedImage resolved = await FetchAsync(image, scope, deadline.Token).ConfigureAwait(false);
            return resolved.Data.Length > 0
                ? resolved
                : throw new BlipException(BlipErrorCode.UnsupportedImage, "The address has no data. Check it, or send the image itself.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut();
        }
    }

    /// <summary>Closes the connections. Calls that still wait fail.</summary>
    public void Dispose() => _downloader.Dispose();

    internal static BlipException TooLarge(int maxBytes) => new(
        BlipErrorCode.ImageTooLarge,
        FormattableString.Invariant($"The image is too large: more than the {maxBytes:N0} bytes allowed. Send a smaller one."));

    private ReadOnlyMemory<byte> ReadDataUri(string uri, ImageSourceScope? scope)
    {
        if (!AllowsDataUris)
            throw NotAllowed($"Data URIs are not allowed here. Give {Kinds(scope)}.");
        bool isTaken = uri.StartsWith(DataUri.TakenPrefix, StringComparison.Ordinal);
        if (!isTaken || scope?.Handles is not { } handles || !handles.TryGet(uri, out ReadOnlyMemory<byte> taken))
            return DataUri.Decode(uri, _maxBytes);
        return taken.Length <= _maxBytes ? taken : throw TooLarge(_maxBytes);
    }

    private Task<ResolvedImage> FetchAsync(string image, ImageSourceScope? scope, CancellationToken cancellationToken)
    {
        string scheme = SchemeForm.Match(image).Value;
        if (scheme.Equals("http:", StringComparison.OrdinalIgnoreCase) || scheme.Equals("https:", StringComparison.OrdinalIgnoreCase))
            return _downloader.GetAsync(image, cancellationToken);
        if (scheme.Length == 0 || scheme.Equals("file:", StringComparison.OrdinalIgnoreCase))
            return _files.ReadAsync(image, scope?.AllowedFolders ?? [], cancellationToken);
        throw NotAllowed($"This kind of address is not supported. Give {Kinds(scope)}.");
    }

    /// <summary>What may be given here, for a message: no advice leads to what is refused too.</summary>
    private string Kinds(ImageSourceScope? scope)
    {
        List<string> kinds = [];
        if (AllowsAddresses)
            kinds.Add("an https address");
        if (AllowsFiles || scope is { AllowedFolders.Count: > 0 })
            kinds.Add("a file");
        if (AllowsDataUris)
            kinds.Add("a data URI");
        if (scope?.Handles is not null || kinds.Count == 0)
            kinds.Add("a handle");
        return Listing.Or(kinds);
    }

    private BlipException TimedOut() => new(
        BlipErrorCode.Timeout,
        FormattableString.Invariant(
            $"The image did not arrive within {_timeout.TotalSeconds:0.##} s. Try again later, or send the image itself."));

    private static BlipException NotAllowed(string message) => new(ImageSourceErrorCode.AddressNotAllowed, message);

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);

    /// <summary>Dots may end a cut handle. Elsewhere they begin an extension, and the reference is a file.</summary>
    [GeneratedRegex(@"^(image-[0-9]{1,9}|sha256-[^./\\]*\.*)\z")]
    private static partial Regex HandleForm { get; }

    [GeneratedRegex("^image[ _-]?0*(?<number>[1-9][0-9]{0,8})(\\.[a-z]{3,4})?\\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MeantHandleForm { get; }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]+:")]
    private static partial Regex SchemeForm { get; }
}
