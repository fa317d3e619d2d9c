namespace Blip;

/// <summary>
/// The codes of the failures that the model and the hub report. They never change, and they are the same on the command line, for an
/// agent, over HTTP and in blob answers. Programs use the code. The sentence next to a code is for people and may change. The
/// layers above the model add codes of their own.
/// </summary>
public static class BlipErrorCode
{
    /// <summary>The request itself cannot be read: broken JSON or base64, no image source, or more than one.</summary>
    public const string InvalidRequest = "invalid_request";

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

    /// <summary>The model's files could not be removed from the cache: its folder is a link, or a file is in use.</summary>
    public const string RemoveFailed = "remove_failed";

    /// <summary>The image has more bytes than allowed.</summary>
    public const string ImageTooLarge = "image_too_large";

    /// <summary>The image has more pixels, or a longer side, than allowed.</summary>
    public const string TooManyPixels = "too_many_pixels";

    /// <summary>The bytes are not an image in a format that Blip supports.</summary>
    public const string UnsupportedImage = "unsupported_image";

    /// <summary>The image file is damaged or incomplete.</summary>
    public const string ImageCorrupt = "image_corrupt";

    /// <summary>The question is empty or has only white space.</summary>
    public const string QuestionEmpty = "question_empty";

    /// <summary>The question has more tokens than the model reads.</summary>
    public const string QuestionTooLong = "question_too_long";

    /// <summary>The confidence is below what the request requires, so the answer is withheld.</summary>
    public const string LowConfidence = "low_confidence";

    /// <summary>The queue is full. Ask again after the time that the message gives.</summary>
    public const string Busy = "busy";

    /// <summary>The time allowed ran out: for an answer, for an address, or for decoding an image with ImageSharp.</summary>
    public const string Timeout = "timeout";

    /// <summary>The application has not all packages that it needs: an image decoder, or a native library. The message names it.</summary>
    public const string PackageMissing = "package_missing";

    /// <summary>The device that was asked for cannot be used here.</summary>
    public const string DeviceUnavailable = "device_unavailable";

    /// <summary>The caller cancelled the request.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Blip itself failed, for a reason that is not in the request.</summary>
    public const string Internal = "internal";
}
