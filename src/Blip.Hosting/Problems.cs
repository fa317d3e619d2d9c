using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>Writes failures as RFC 9457 problem details. They also have the members <c>code</c> and <c>trace_id</c>.</summary>
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

    /// <summary>Adds the headers that every form of error has: when to try again, and how to send the key.</summary>
    public static void AddHeaders(HttpResponse response, Failure failure)
    {
        if (failure.RetryAfter is { } retryAfter)
            response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (failure.Status == StatusCodes.Status401Unauthorized)
            response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
    }

    /// <summary>Completes the problem details of requests that do not reach an endpoint, because routing refuses them.</summary>
    public static void Customize(ProblemDetailsContext context)
    {
        ProblemDetails problem = context.ProblemDetails;
        int status = problem.Status ?? context.HttpContext.Response.StatusCode;
        problem.Type = "about:blank";
        problem.Title = ReasonPhrases.GetReasonPhrase(status);
        problem.Instance = context.HttpContext.Request.Path;
        problem.Detail ??= status switch
        {
            StatusCodes.Status404NotFound => "There is nothing at this address. /openapi/v1.json lists all addresses.",
            StatusCodes.Status405MethodNotAllowed => "This address does not allow that method. /openapi/v1.json lists the methods.",
            _ => null,
        };
        problem.Extensions.Remove("traceId");
        bool isServerError = status >= StatusCodes.Status500InternalServerError;
        problem.Extensions.TryAdd("code", isServerError ? BlipErrorCode.Internal : BlipErrorCode.InvalidRequest);
        problem.Extensions.TryAdd("trace_id", TraceId(context.HttpContext));
    }

    private static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}
