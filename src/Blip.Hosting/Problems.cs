using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>Failures as RFC 9457 problem details, with <c>code</c> and <c>trace_id</c> beside the standard members.</summary>
internal static class Problems
{
    public static Task WriteAsync(HttpContext context, Failure failure)
    {
        AddHeaders(context.Response, failure);
        ProblemDetails problem = new()
        {
            Type = "about:blank",
            Title = ReasonPhrases.GetReasonPhrase(failure.Status),
            Status = failure.Status,
            Detail = failure.Message,
            Instance = context.Request.Path,
        };
        problem.Extensions["code"] = failure.Code;
        problem.Extensions["trace_id"] = TraceId(context);
        return TypedResults.Problem(problem).ExecuteAsync(context);
    }

    /// <summary>What holds for every form of error: when to come again, and how to identify oneself.</summary>
    public static void AddHeaders(HttpResponse response, Failure failure)
    {
        if (failure.RetryAfter is { } retryAfter)
            response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (failure.Status == StatusCodes.Status401Unauthorized)
            response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
    }

    /// <summary>For what routing refuses before an endpoint of ours is reached.</summary>
    public static void Customize(ProblemDetailsContext context)
    {
        ProblemDetails problem = context.ProblemDetails;
        int status = problem.Status ?? context.HttpContext.Response.StatusCode;
        problem.Type = "about:blank";
        problem.Title = ReasonPhrases.GetReasonPhrase(status);
        problem.Instance = context.HttpContext.Request.Path;
        problem.Detail ??= status switch
        {
            StatusCodes.Status404NotFound => "There is nothing under this address. /openapi/v1.json lists what there is.",
            StatusCodes.Status405MethodNotAllowed => "This address does not take that method. /openapi/v1.json lists what there is.",
            _ => null,
        };
        problem.Extensions.Remove("traceId");
        problem.Extensions.TryAdd("code", status >= StatusCodes.Status500InternalServerError ? BlipErrorCode.Internal : BlipErrorCode.InvalidRequest);
        problem.Extensions.TryAdd("trace_id", TraceId(context.HttpContext));
    }

    private static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}
