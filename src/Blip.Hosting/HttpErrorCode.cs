namespace Blip.Hosting;

/// <summary>The error codes that HTTP adds to those of the layers below.</summary>
public static class HttpErrorCode
{
    /// <summary>No key, or a wrong one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The request body is larger than allowed.</summary>
    public const string RequestTooLarge = "request_too_large";

    /// <summary>The body's media type is not one that the endpoint reads.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";
}
