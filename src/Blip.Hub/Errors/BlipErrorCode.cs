namespace Blip;

/// <summary>
/// The codes of all failures that Blip reports. They never change, and they are the same on the command line, for an agent, over
/// HTTP and in blob answers. A program may decide by the code. The sentence next to a code is for people and may change.
/// </summary>
public static class BlipErrorCode
{
    /// <summary>The request itself cannot be read: broken JSON or base64, no image source, or more than one.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>The request has no key, or a wrong one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The host of the address is not on the list of allowed hosts.</summary>
    public const string HostNotAllowed = "host_not_allowed";

    /// <summary>The address is not allowed: its scheme, its form, or the network it leads to.</summary>
    public const string AddressNotAllowed = "address_not_allowed";

    /// <summary>The file is not in an allowed folder.</summary>
    public const string FileNotAllowed = "file_not_allowed";

    /// <summary>There is no such file, or it cannot be read.</summary>
    public const string FileNotFound = "file_not_found";

    /// <summary>There is no such model: no folder with that name, no such id on the hub, or one of its files is missing.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>The model's files are broken, or they describe a model that Blip cannot run.</summary>
    public const string ModelInvalid = "model_invalid";

    /// <summary>
    /// The model's files could not be downloaded: the hub cannot be reached, it keeps failing, or the disk has no room for them.
    /// </summary>
    public const string DownloadFailed = "download_failed";

    /// <summary>The model is still being loaded; ask again soon.</summary>
    public const string ModelLoading = "model_loading";

    /// <summary>There is no image with this handle, or it is no longer kept.</summary>
    public const string ImageNotFound = "image_not_found";

    /// <summary>The request body is larger than allowed.</summary>
    public const string RequestTooLarge = "request_too_large";

    /// <summary>The image has more bytes than allowed.</summary>
    public const string ImageTooLarge = "image_too_large";

    /// <summary>The image has more pixels, or a longer side, than allowed.</summary>
    public const string TooManyPixels = "too_many_pixels";

    /// <summary>The endpoint does not read bodies of this media type.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>The bytes are not an image in a format that Blip supports.</summary>
    public const string UnsupportedImage = "unsupported_image";

    /// <summary>The image file is damaged or incomplete.</summary>
    public const string ImageCorrupt = "image_corrupt";

    /// <summary>The image could not be fetched from its address.</summary>
    public const string ImageFetchFailed = "image_fetch_failed";

    /// <summary>The question is empty or has only white space.</summary>
    public const string QuestionEmpty = "question_empty";

    /// <summary>The question has more tokens than the model reads.</summary>
    public const string QuestionTooLong = "question_too_long";

    /// <summary>The request has more questions than allowed.</summary>
    public const string TooManyQuestions = "too_many_questions";

    /// <summary>The queue is full; ask again after the time that the message states.</summary>
    public const string Busy = "busy";

    /// <summary>The application lacks a package: an image decoder, or a native library. The message names it.</summary>
    public const string PackageMissing = "package_missing";

    /// <summary>The device that was asked for cannot be used here.</summary>
    public const string DeviceUnavailable = "device_unavailable";

    /// <summary>The caller cancelled the request.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The request took longer than allowed.</summary>
    public const string Timeout = "timeout";

    /// <summary>An error in Blip itself.</summary>
    public const string Internal = "internal";
}
