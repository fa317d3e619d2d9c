namespace Blip;

/// <summary>
/// The stable codes of every failure that Blip reports: the same on the command line, to an agent, over HTTP and in blob
/// answers. A caller may branch on them; the sentence beside a code is for people and may change.
/// </summary>
public static class BlipErrorCode
{
    /// <summary>The request itself cannot be read: broken JSON or base64, no image source or two.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>No key, or a wrong one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The host of an address is not among the allowed ones.</summary>
    public const string HostNotAllowed = "host_not_allowed";

    /// <summary>The address is not allowed: its scheme, its form, or the network it leads to.</summary>
    public const string AddressNotAllowed = "address_not_allowed";

    /// <summary>The file is not under an allowed folder.</summary>
    public const string FileNotAllowed = "file_not_allowed";

    /// <summary>There is no such file, or it cannot be read.</summary>
    public const string FileNotFound = "file_not_found";

    /// <summary>There is no such model: no folder of that name, no such id on the hub, or a file of it is missing.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>The model's files are broken, or describe a model that Blip does not run.</summary>
    public const string ModelInvalid = "model_invalid";

    /// <summary>The model's files could not be fetched: the hub cannot be reached or keeps failing, or the disk has no room for them.</summary>
    public const string DownloadFailed = "download_failed";

    /// <summary>The model is still being loaded; ask again soon.</summary>
    public const string ModelLoading = "model_loading";

    /// <summary>No image is known under this handle (any more).</summary>
    public const string ImageNotFound = "image_not_found";

    /// <summary>The request body is larger than allowed.</summary>
    public const string RequestTooLarge = "request_too_large";

    /// <summary>The image has more bytes than allowed.</summary>
    public const string ImageTooLarge = "image_too_large";

    /// <summary>The image has more pixels, or a longer side, than allowed.</summary>
    public const string TooManyPixels = "too_many_pixels";

    /// <summary>The body's media type is not one that the endpoint reads.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>The bytes are not an image in a supported format.</summary>
    public const string UnsupportedImage = "unsupported_image";

    /// <summary>The image is damaged or cut short.</summary>
    public const string ImageCorrupt = "image_corrupt";

    /// <summary>The remote host refused to give the image.</summary>
    public const string ImageFetchFailed = "image_fetch_failed";

    /// <summary>The question is empty or blank.</summary>
    public const string QuestionEmpty = "question_empty";

    /// <summary>The question has more tokens than the model reads.</summary>
    public const string QuestionTooLong = "question_too_long";

    /// <summary>More questions in one request than allowed.</summary>
    public const string TooManyQuestions = "too_many_questions";

    /// <summary>The queue is full; ask again after the time given.</summary>
    public const string Busy = "busy";

    /// <summary>The application lacks a package: an image decoder, or a native library. The message names it.</summary>
    public const string PackageMissing = "package_missing";

    /// <summary>The device that was asked for cannot be used here.</summary>
    public const string DeviceUnavailable = "device_unavailable";

    /// <summary>The caller cancelled.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The time allowed ran out.</summary>
    public const string Timeout = "timeout";

    /// <summary>A fault of Blip's own.</summary>
    public const string Internal = "internal";
}
