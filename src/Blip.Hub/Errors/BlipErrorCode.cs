namespace Blip;

/// <summary>
/// The stable codes of the failures that Blip reports: the same on the command line, to an agent, over HTTP and in blob
/// answers. A caller may branch on them; the sentence beside a code is for people and may change. The layers above the model
/// add codes of their own.
/// </summary>
public static class BlipErrorCode
{
    /// <summary>The request itself cannot be read: broken JSON or base64, no image source or two.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>There is no such file, or it cannot be read.</summary>
    public const string FileNotFound = "file_not_found";

    /// <summary>There is no such model: no folder of that name, no such id on the hub, or a file of it is missing.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>The model's files are broken, or describe a model that Blip does not run.</summary>
    public const string ModelInvalid = "model_invalid";

    /// <summary>The model's files could not be fetched: the hub cannot be reached or keeps failing, or the disk has no room for them.</summary>
    public const string DownloadFailed = "download_failed";

    /// <summary>The model's files could not be removed from the cache: its folder is a link, or a file is in use.</summary>
    public const string RemoveFailed = "remove_failed";

    /// <summary>The image has more bytes than allowed.</summary>
    public const string ImageTooLarge = "image_too_large";

    /// <summary>The image has more pixels, or a longer side, than allowed.</summary>
    public const string TooManyPixels = "too_many_pixels";

    /// <summary>The bytes are not an image in a supported format.</summary>
    public const string UnsupportedImage = "unsupported_image";

    /// <summary>The image is damaged or cut short.</summary>
    public const string ImageCorrupt = "image_corrupt";

    /// <summary>The question is empty or blank.</summary>
    public const string QuestionEmpty = "question_empty";

    /// <summary>The question has more tokens than the model reads.</summary>
    public const string QuestionTooLong = "question_too_long";

    /// <summary>The queue is full; ask again after the time given.</summary>
    public const string Busy = "busy";

    /// <summary>The application lacks a package: an image decoder, or a native library. The message names it.</summary>
    public const string PackageMissing = "package_missing";

    /// <summary>The device that was asked for cannot be used here.</summary>
    public const string DeviceUnavailable = "device_unavailable";

    /// <summary>The caller cancelled.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>A fault of Blip's own.</summary>
    public const string Internal = "internal";
}
