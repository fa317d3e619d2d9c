using System.Net.Mime;
using Blip.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Blip.Functions;

/// <summary>
/// The endpoints of <see cref="BlipEndpoints.MapBlip"/> as the result of a function. A request goes through the same pipeline as in
/// every other host. The pipeline is built once. Thread-safe.
/// </summary>
internal sealed class SharedEndpoints : IResult
{
    private readonly RequestDelegate _pipeline;

    /// <param name="services">The provider of the application, not of a request, because the pipeline lives longer than a request.</param>
    public SharedEndpoints(IServiceProvider services)
    {
        bool hasPage = services.GetRequiredService<IOptions<BlipHostingOptions>>().Value.Page is true;
        string description = AppDescription.Create();
        ApplicationBuilder app = new(services);
        app.UseBlipProblems();
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapBlip();
            endpoints.MapMethods(
                "/openapi/v1.json", ["GET", "HEAD"], () => Results.Text(description, MediaTypeNames.Application.Json));
            if (hasPage)
                endpoints.MapBlipPage();
        });
        _pipeline = app.Build();
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        // The worker has already routed the request to its own endpoint. Without this, routing would choose that endpoint again.
        httpContext.SetEndpoint(null);
        httpContext.Request.RouteValues.Clear();
        return _pipeline(httpContext);
    }
}
