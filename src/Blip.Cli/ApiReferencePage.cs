using Blip.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Scalar.AspNetCore;

namespace Blip.Cli;

/// <summary>
/// <c>GET /docs</c> of <c>blip serve</c>: Scalar's page, made from <c>/openapi/v1.json</c>, from which every address can be tried. An
/// application of its own maps Scalar by itself.
/// </summary>
internal static class ApiReferencePage
{
    /// <summary>The setting that asks for it.</summary>
    public const string Setting = "Blip:Docs";

    /// <summary>Scalar's script is part of its package and starts from a line in the page. Nothing comes from another host.</summary>
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        + "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Maps the page. Like the description it shows, it needs no key.</summary>
    public static void Map(WebApplication app)
    {
        if (!Switch.IsOn(app.Configuration, Setting))
            return;
        IEndpointConventionBuilder page = app.MapScalarApiReference("/docs", options => options
            .WithTitle("Blip: API").WithOpenApiRoutePattern("/openapi/v1.json")
            .DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools());
        page.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is { } next)
            {
                endpoint.RequestDelegate = context =>
                {
                    context.Response.Headers.ContentSecurityPolicy = ContentPolicy;
                    context.Response.Headers.XContentTypeOptions = "nosniff";
                    return next(context);
                };
            }
        });
        app.Services.GetRequiredService<EndpointGuard>().Protect(page, Problems.WriteAsync, needsKey: false);
    }
}
