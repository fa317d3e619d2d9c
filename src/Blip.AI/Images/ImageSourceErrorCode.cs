namespace Blip.AI.Images;

/// <summary>The error codes that an <see cref="ImageSource"/> adds to those of <see cref="BlipErrorCode"/>.</summary>
public static class ImageSourceErrorCode
{
    /// <summary>The host of an address is not among the allowed ones.</summary>
    public const string HostNotAllowed = "host_not_allowed";

    /// <summary>The address is not allowed: its scheme, its form, or the network it leads to.</summary>
    public const string AddressNotAllowed = "address_not_allowed";

    /// <summary>The file is not under an allowed folder.</summary>
    public const string FileNotAllowed = "file_not_allowed";

    /// <summary>There is no image with this handle, or it was removed.</summary>
    public const string ImageNotFound = "image_not_found";

    /// <summary>The remote host refused to give the image.</summary>
    public const string ImageFetchFailed = "image_fetch_failed";
}
