namespace Blip.AI;

/// <summary>The error codes that a service around the model adds to those of <see cref="BlipErrorCode"/>.</summary>
public static class ServiceErrorCode
{
    /// <summary>More questions in one request than allowed.</summary>
    public const string TooManyQuestions = "too_many_questions";

    /// <summary>The model is still being loaded; ask again soon.</summary>
    public const string ModelLoading = "model_loading";

    /// <summary>No model of the kind that the request needs is configured.</summary>
    public const string ModelNotConfigured = "model_not_configured";
}
