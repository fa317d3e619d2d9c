using System.Diagnostics;
using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting;

/// <summary>Writes failures as RFC 9457 problem details. They also have the members <c>code</c> and <c>trace_id</c>.</summary>
internal static class Problems
{
    /// <summary>As <see cref="BlipEndpoints.UseBlipProblems"/>.</summary>
    public static IApplicationBuilder Use(IApplicationBuilder app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context =>
                WriteAsync(context, Failure.From(context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error)),
        });
        return app.UseStatusCodePages(pages => WriteAsync(pages.HttpContext, Failure.OfStatus(pages.HttpContext.Response.StatusCode)));
    }

    public static Task WriteAsync(HttpContext context, Failure failure)
    {
        AddHeaders(context.Response, failure);
        return Bodies.WriteJsonAsync(
            context,
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("type", "about:blank");
                writer.WriteString("title", Title(failure.Status));
                writer.WriteNumber("status", failure.Status);
                writer.WriteString("detail", failure.Message);
                writer.WriteString("instance", context.Request.Path);
                writer.WriteString("code", failure.Code);
                writer.WriteString("trace_id", TraceId(context));
                writer.WriteEndObject();
            },
            failure.Status,
            MediaTypeNames.Application.ProblemJson);
    }

    /// <summary>Adds the headers that every form of error has: when to try again, and how to send the key.</summary>
    public static void AddHeaders(HttpResponse response, Failure failure)
    {
        if (failure.RetryAfter is { } retryAfter)
            response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (failure.Status == StatusCodes.Status401Unauthorized)
            response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
    }

    /// <summary>The id under which logs and traces have a request.</summary>
    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    // .NET has the names of an older standard for these two.
    private static string Title(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => "Content Too Large",
        StatusCodes.Status422UnprocessableEntity => "Unprocessable Content",
        _ => ReasonPhrases.GetReasonPhrase(status),
    };
}
