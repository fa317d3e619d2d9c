namespace Blip.Hosting;

/// <summary>The codes of failures that only a request over HTTP can have. The layers below have their own codes.</summary>
public static class HttpErrorCode
{
    /// <summary>The request has no key, or a wrong one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The request body is larger than allowed.</summary>
    public const string RequestTooLarge = "request_too_large";

    /// <summary>The caller has made more requests than one caller may.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The endpoint does not read bodies of this media type.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";
}
